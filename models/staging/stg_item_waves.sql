-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing. An item without a row in
-- routing.csv is asked of everybody.
with

asked as (
    select distinct survey, year, item
    from {{ ref('stg_columns') }}
    where ignored_reason is null
),

sources as (
    select distinct derivations.survey, waves.year, derivations.item, derivations.source_item
    from {{ ref('derivations') }} as derivations
    inner join {{ ref('waves') }} as waves
        on derivations.survey = waves.survey and {{ in_range('waves.year', 'derivations') }}
),

-- A derived item exists where all its sources were asked.
derived as (
    select sources.survey, sources.year, sources.item
    from sources
    left join asked
        on sources.survey = asked.survey and sources.year = asked.year and sources.source_item = asked.item
    group by sources.survey, sources.year, sources.item
    having count(*) = count(asked.item)
),

available as (
    select * from asked
    union all
    select * from derived
),

routed as (
    select
        available.survey,
        available.year,
        available.item,
        items.type,
        items.answer_set,
        routing.universe,
        last_value(routing.universe) over waves as newest_universe,
        max(available.year) over waves as newest_year,
        min(available.year) over waves as first_year
    from available
    inner join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('routing') }} as routing
        on
            available.survey = routing.survey
            and available.item = routing.item
            and {{ in_range('available.year', 'routing') }}
    window waves as (
        partition by available.survey, available.item
        order by available.year
        rows between unbounded preceding and unbounded following
    )
)

select
    *,
    min(coalesce(universe, '')) over (partition by survey, item)
    < max(coalesce(universe, '')) over (partition by survey, item) as filter_changed
from routed
