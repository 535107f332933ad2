-- Grain: one row per survey, year, breakdown and group touched by a context event of the register.
with

events as (
    select
        survey,
        year as year_from,
        coalesce(year_to, year) as year_to,
        unnest(string_split(coalesce(scope, ''), '|')) as scope_part,
    from {{ ref('changes') }}
    where change_type = 'context_event'
),

groups as (
    select distinct
        survey,
        year,
        breakdown,
        group_key,
    from {{ ref('int_places') }}
),

-- A group answers to its own name and, in a cross, to the names of the groups that it crosses.
names as (
    select
        *,
        concat(breakdown, ':', group_key) as name,
    from groups
    union all
    select
        groups.*,
        concat(crosses.source_breakdown, ':', split_part(groups.group_key, '__', crosses.dimension)) as name,
    from groups
    inner join {{ ref('crosses') }} as crosses
        on groups.survey = crosses.survey and groups.breakdown = crosses.breakdown
)

select distinct
    names.survey,
    names.year,
    names.breakdown,
    names.group_key,
from events
inner join names
    on
        events.survey = names.survey
        and names.year between events.year_from and events.year_to
        and (events.scope_part = '' or events.scope_part = names.name)
