-- Grain: one row per survey, item, year, breakdown, group and basis where an item was asked and the group is valid, but
-- nobody in the group has an answer, with the reason. A breakdown that withholds groups withholds its empty ones too.
with

places as (
    select places.*, bases.basis
    from {{ ref('int_places') }} as places
    cross join (values ('as_published'), ('like_for_like')) as bases (basis)
    left join {{ ref('int_like_for_like') }} as like_for_like
        on
            places.survey = like_for_like.survey
            and places.item = like_for_like.item
            and places.year = like_for_like.year
    where bases.basis = 'as_published' or like_for_like.is_rebuildable
),

answered as (
    select survey, item, year, breakdown, group_key, basis
    from {{ ref('int_cells') }}
    where answer = '_base'
),

empty as (
    select places.*
    from places
    anti join answered using (survey, item, year, breakdown, group_key, basis)
),

-- Of a breakdown that withholds a group of a table, or of one that routes it, the empty groups would narrow the others down.
withheld as (
    select distinct families.survey, groups.year, families.item, groups.breakdown
    from {{ ref('int_withheld_groups') }} as groups
    inner join {{ ref('int_table_families') }} as families
        on groups.survey = families.survey and groups.family = families.family
    union
    select distinct survey, year, item, breakdown
    from {{ ref('int_withheld_places') }}
),

-- Groups of which anybody belongs to a universe.
reached as (
    select distinct
        universes.survey,
        universes.year,
        universes.universe,
        groups.breakdown,
        groups.group_key,
    from {{ ref('int_universes') }} as universes
    inner join {{ ref('int_groups') }} as groups
        on
            universes.survey = groups.survey
            and universes.year = groups.year
            and universes.respondent_no = groups.respondent_no
)

select
    empty.survey,
    empty.item,
    empty.year,
    empty.breakdown,
    empty.group_key,
    empty.basis,
    case
        when withheld.breakdown is not null then 'Q'
        when empty.source_item is not null and sources.item is null then 'L'
        else 'O'
    end as obs_status,
    case
        when withheld.breakdown is not null then {{ withheld_reason() }}
        when empty.source_item is not null and sources.item is null then 'the breakdown was not collected in this wave'
        when members.group_key is null then 'nobody in the sample belongs to this group'
        when empty.basis = 'like_for_like' and answered.group_key is not null
            then 'the filter of the newest wave leaves nobody in this group'
        when empty.universe is not null and reached.group_key is null
            then 'the filter of this wave leaves nobody in this group'
        else 'nobody in this group gave a valid answer'
    end as status_reason,
from empty
left join {{ ref('stg_item_waves') }} as sources
    on empty.survey = sources.survey and empty.year = sources.year and empty.source_item = sources.item
left join {{ ref('int_composition') }} as members
    on
        empty.survey = members.survey
        and empty.year = members.year
        and empty.breakdown = members.breakdown
        and empty.group_key = members.group_key
left join answered
    on
        empty.survey = answered.survey
        and empty.item = answered.item
        and empty.year = answered.year
        and empty.breakdown = answered.breakdown
        and empty.group_key = answered.group_key
        and answered.basis = 'as_published'
left join reached
    on
        empty.survey = reached.survey
        and empty.year = reached.year
        and empty.universe = reached.universe
        and empty.breakdown = reached.breakdown
        and empty.group_key = reached.group_key
left join withheld
    on
        empty.survey = withheld.survey
        and empty.year = withheld.year
        and empty.item = withheld.item
        and empty.breakdown = withheld.breakdown
