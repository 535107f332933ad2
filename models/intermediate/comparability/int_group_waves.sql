-- Grain: one row per survey, breakdown, group and wave: whether the group exists in the wave (a cross, where all groups that it
-- crosses do), whether any group of its breakdown does, and whether a context event of the register touches it. `group_no` is a
-- number of the group, to join by.
with

-- A group stands on itself; a cross stands on the groups that it crosses.
parts as (
    select groups.*, groups.breakdown as part_breakdown, groups.group_key as part_key
    from {{ ref('int_breakdown_groups') }} as groups
    where not groups.is_cross
    union all
    select
        groups.*,
        crosses.source_breakdown as part_breakdown,
        split_part(groups.group_key, '__', crosses.dimension) as part_key
    from {{ ref('int_breakdown_groups') }} as groups
    inner join {{ ref('crosses') }} as crosses using (survey, breakdown)
    where groups.is_cross
),

-- A group that the codebook maps anew has several rows, which may leave years between them.
mapped as (
    select distinct waves.survey, waves.year, definitions.breakdown as part_breakdown, definitions.group_key as part_key
    from {{ ref('breakdowns') }} as definitions
    inner join {{ ref('waves') }} as waves
        on
            definitions.survey = waves.survey
            and waves.year between coalesce(definitions.year_from, waves.year) and coalesce(definitions.year_to, waves.year)
),

events as (
    select
        survey,
        year as event_from,
        coalesce(year_to, year) as event_to,
        unnest(string_split(coalesce(scope, ''), '|')) as scope_part
    from {{ ref('changes') }}
    where change_type = 'context_event'
),

part_waves as (
    select
        parts.*,
        waves.year,
        mapped.year is not null as part_is_valid,
        exists(
            select 1
            from events
            where
                events.survey = parts.survey
                and waves.year between events.event_from and events.event_to
                and events.scope_part in (
                    '', concat(parts.part_breakdown, ':', parts.part_key), concat(parts.breakdown, ':', parts.group_key)
                )
        ) as part_has_event
    from parts
    inner join {{ ref('waves') }} as waves using (survey)
    left join mapped using (survey, year, part_breakdown, part_key)
),

group_waves as (
    select
        survey,
        breakdown,
        group_key,
        year,
        source_item,
        serves,
        is_cross,
        bool_and(part_is_valid) as is_valid,
        bool_or(part_has_event) as has_event
    from part_waves
    group by all
)

select
    *,
    dense_rank() over (order by survey, breakdown, group_key) as group_no,
    bool_or(is_valid) over (partition by survey, breakdown, year) as breakdown_stands
from group_waves
