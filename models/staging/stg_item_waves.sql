-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing.
with

asked as (
    select distinct
        survey,
        year,
        item,
    from {{ ref('columns') }}
    where ignored_reason is null
),

sources as (
    select
        survey,
        item,
        source_item,
        count(*) over (partition by survey, item) as source_n,
    from (select distinct survey, item, source_item from {{ ref('derivations') }})
),

derived as (
    select
        sources.survey,
        asked.year,
        sources.item,
    from sources
    inner join asked
        on sources.survey = asked.survey and sources.source_item = asked.item
    group by all
    having count(*) = max(sources.source_n)
),

-- A derived item exists where its sources were asked and the codebook routes it.
routed_derived as (
    select derived.*
    from derived
    semi join {{ ref('routing') }} as routing
        on
            derived.survey = routing.survey
            and derived.item = routing.item
            and derived.year between routing.year_from and coalesce(routing.year_to, derived.year)
),

available as (
    select * from asked
    union all
    select * from routed_derived
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
        min(available.year) over waves as first_year,
    from available
    inner join {{ ref('items') }} as items
        on available.survey = items.survey and available.item = items.item
    left join {{ ref('routing') }} as routing
        on
            available.survey = routing.survey
            and available.item = routing.item
            and available.year between routing.year_from and coalesce(routing.year_to, available.year)
    window waves as (
        partition by available.survey, available.item
        order by available.year
        rows between unbounded preceding and unbounded following
    )
)

select
    *,
    min(coalesce(universe, '')) over (partition by survey, item)
    < max(coalesce(universe, '')) over (partition by survey, item) as filter_changed,
from routed
