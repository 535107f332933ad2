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
    from {{ ref('int_cells') }}
)

select distinct
    groups.survey,
    groups.year,
    groups.breakdown,
    groups.group_key,
from events
inner join groups
    on
        events.survey = groups.survey
        and groups.year between events.year_from and events.year_to
        and (events.scope_part = '' or events.scope_part = concat(groups.breakdown, ':', groups.group_key))
