-- Grain: one row per survey, item, year, breakdown and group where an item with countable answers was asked and the group is
-- valid: a declared group within its years, a cross where its parts meet in the sample.
with

valid_groups as (
    select
        groups.survey,
        waves.year,
        groups.breakdown,
        groups.group_key,
        groups.source_item,
    from {{ ref('int_breakdown_groups') }} as groups
    inner join {{ ref('waves') }} as waves
        on
            groups.survey = waves.survey
            and waves.year between coalesce(groups.year_from, waves.year) and coalesce(groups.year_to, waves.year)
    where not groups.is_cross
    union
    select members.survey, members.year, members.breakdown, members.group_key, groups.source_item
    from {{ ref('int_composition') }} as members
    inner join {{ ref('int_breakdown_groups') }} as groups using (survey, breakdown, group_key)
)

select
    item_waves.survey,
    item_waves.item,
    item_waves.year,
    item_waves.universe,
    valid_groups.breakdown,
    valid_groups.group_key,
    valid_groups.source_item,
from {{ ref('stg_item_waves') }} as item_waves
inner join valid_groups
    on item_waves.survey = valid_groups.survey and item_waves.year = valid_groups.year
where item_waves.type != 'open'
