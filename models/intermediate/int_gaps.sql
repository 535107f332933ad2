-- Grain: one row per survey, item, year, breakdown, group and basis for which a series has no value, with the status and
-- the reason: L where it was not collected or cannot be rebuilt, M where the group cannot exist in that wave, O where
-- nobody answered, Q where the disclosure profile withholds it.
with

places as (
    select * from {{ ref('int_places') }}
),

item_waves as (
    select distinct survey, item, year from places
),

groups as (
    select survey, breakdown, group_key, year_from, year_to
    from {{ ref('int_breakdown_groups') }}
),

not_rebuilt as (
    select
        places.survey,
        places.item,
        places.year,
        places.breakdown,
        places.group_key,
        'like_for_like' as basis,
        'L' as obs_status,
        case like_for_like.method
            when 'routing_item_not_asked' then 'the item that routes the newest wave was not asked in this wave'
            else 'this wave asked fewer than the newest wave asks'
        end as status_reason,
    from places
    inner join {{ ref('int_like_for_like') }} as like_for_like
        on
            places.survey = like_for_like.survey
            and places.item = like_for_like.item
            and places.year = like_for_like.year
    where not like_for_like.is_rebuildable
),

-- A breakdown stands in a wave when one of its groups is valid there.
standing as (
    select distinct groups.survey, groups.breakdown, waves.year
    from groups
    inner join {{ ref('waves') }} as waves
        on
            groups.survey = waves.survey
            and waves.year between coalesce(groups.year_from, waves.year) and coalesce(groups.year_to, waves.year)
),

invalid as (
    select
        item_waves.survey,
        item_waves.item,
        item_waves.year,
        groups.breakdown,
        groups.group_key,
        'as_published' as basis,
        case when standing.year is null then 'L' else 'M' end as obs_status,
        case
            when standing.year is null then 'the breakdown was not collected in this wave'
            else 'the group does not exist in this wave'
        end as status_reason,
    from item_waves
    inner join groups
        on
            item_waves.survey = groups.survey
            and (item_waves.year < groups.year_from or item_waves.year > groups.year_to)
    left join standing
        on
            groups.survey = standing.survey
            and groups.breakdown = standing.breakdown
            and item_waves.year = standing.year
),

spans as (
    select survey, item, min(year) as first_year, max(year) as last_year
    from item_waves
    group by survey, item
),

skipped as (
    select
        spans.survey,
        spans.item,
        waves.year,
        'total' as breakdown,
        'total' as group_key,
        'as_published' as basis,
        'L' as obs_status,
        'the item was not asked in this wave' as status_reason,
    from spans
    inner join {{ ref('waves') }} as waves
        on spans.survey = waves.survey and waves.year > spans.first_year and waves.year < spans.last_year
    anti join item_waves
        on spans.survey = item_waves.survey and spans.item = item_waves.item and waves.year = item_waves.year
),

withheld as (
    select
        *,
        'Q' as obs_status,
        {{ withheld_reason() }} as status_reason,
    from {{ ref('int_withheld_places') }}
)

select survey, item, year, breakdown, group_key, basis, obs_status, status_reason
from not_rebuilt
union all
select survey, item, year, breakdown, group_key, basis, obs_status, status_reason
from invalid
union all
select survey, item, year, breakdown, group_key, basis, obs_status, status_reason
from skipped
union all
select survey, item, year, breakdown, group_key, basis, obs_status, status_reason
from {{ ref('int_empty_places') }}
union all
select survey, item, year, breakdown, group_key, basis, obs_status, status_reason
from withheld
