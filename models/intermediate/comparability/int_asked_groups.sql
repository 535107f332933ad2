-- Grain: one row per survey, item, year, breakdown and group where the item was asked and the group is valid, with what the
-- released cells hold of it. Crosses are looked for where their parts meet in the sample.
with

cells as (
    select * from {{ ref('int_released_cells') }} where answer in ('_base', '_asked')
),

held as (
    select
        survey,
        item,
        year,
        breakdown,
        group_key,
        bool_or(answer = '_asked' and basis = 'as_published') as is_reached,
        bool_or(answer = '_base' and basis = 'as_published') as has_as_published,
        bool_or(answer = '_base' and basis = 'like_for_like') as has_like_for_like,
        bool_or(answer = '_base' and basis = 'as_published' and conf_status = 'C') as withholds_as_published,
        bool_or(answer = '_base' and basis = 'like_for_like' and conf_status = 'C') as withholds_like_for_like
    from cells
    group by survey, item, year, breakdown, group_key
),

members as (
    select survey, year, breakdown, group_key
    from cells
    where item = '_respondents'
),

sources as (
    select survey, year, item as source_item
    from {{ ref('int_item_waves') }}
)

select
    item_waves.survey,
    item_waves.item,
    item_waves.year,
    group_waves.breakdown,
    group_waves.group_key,
    item_waves.universe,
    item_waves.filter_changed,
    item_waves.like_for_like_method,
    members.group_key is not null as has_members,
    group_waves.source_item is null or sources.source_item is not null as has_source,
    coalesce(held.is_reached, false) as is_reached,
    coalesce(held.has_as_published, false) as has_as_published,
    coalesce(held.has_like_for_like, false) as has_like_for_like,
    coalesce(held.withholds_as_published, false) as withholds_as_published,
    coalesce(held.withholds_like_for_like, false) as withholds_like_for_like
from {{ ref('int_item_waves') }} as item_waves
inner join {{ ref('int_group_waves') }} as group_waves using (survey, year)
left join members using (survey, year, breakdown, group_key)
left join sources using (survey, year, source_item)
left join held using (survey, item, year, breakdown, group_key)
where
    item_waves.type != 'open'
    and group_waves.is_valid
    and (members.group_key is not null or not group_waves.is_cross)
    and {{ serves('group_waves.serves', 'item_waves.item') }}
