{#
    The later universes of items whose filter changed, as a query with one row per survey, year, item and later universe: whether the
    wave can be cut down to it (`is_rebuilt`), and how, or why not (`method`).
#}
{% macro universe_cuts() %}
with

item_waves as (
    select * from {{ ref('stg_item_waves') }}
),

members as (
    select survey, year, respondent_no, answer as universe
    from {{ ref('int_given_answers') }}
    where item = '_universe'
),

-- The universes after the one of the wave, each as the wave had it that used it first.
later as (
    select
        own.survey,
        own.year,
        own.item,
        own.universe as own_universe,
        newer.universe,
        newer.filter_no,
        min(newer.year) as newer_year
    from item_waves as own
    inner join item_waves as newer on own.survey = newer.survey and own.item = newer.item
    where own.filter_changed and newer.filter_no > own.filter_no
    group by own.survey, own.year, own.item, own.universe, newer.universe, newer.filter_no
),

meanings as (
    select
        clauses.survey,
        clauses.universe,
        waves.year,
        bool_and(routing_items.item is not null) as is_asked,
        array_sort(array_agg(distinct definitions.made_of)) as made_of
    from {{ ref('universes') }} as clauses
    inner join {{ ref('waves') }} as waves on clauses.survey = waves.survey
    left join item_waves as routing_items
        on clauses.survey = routing_items.survey and waves.year = routing_items.year and clauses.item = routing_items.item
    left join {{ ref('int_definitions') }} as definitions
        on
            clauses.survey = definitions.survey
            and clauses.universe = definitions.thing
            and definitions.kind in ('universe', 'routing')
            and waves.year = definitions.year
    group by clauses.survey, clauses.universe, waves.year
),

-- Members of a later universe that this wave's own filter routed past the question.
unreached as (
    select distinct later.survey, later.year, later.item, later.filter_no
    from later
    inner join members as newer
        on later.survey = newer.survey and later.year = newer.year and later.universe = newer.universe
    anti join members as own
        on
            later.own_universe = own.universe
            and newer.survey = own.survey
            and newer.year = own.year
            and newer.respondent_no = own.respondent_no
    where later.own_universe is not null
),

tried as (
    select
        later.*,
        case
            when coalesce(later.own_universe, '') = coalesce(later.universe, '') then 'same_universe'
            when later.universe is null then 'asked_of_fewer'
            when not here.is_asked then 'routing_item_not_asked'
            when
                coalesce(here.made_of, {{ list_of([]) }}) != coalesce(first_used.made_of, {{ list_of([]) }})
                then 'routing_item_differs'
            when unreached.item is not null then 'asked_of_fewer'
            else 'rebuilt'
        end as method
    from later
    left join meanings as here
        on later.survey = here.survey and later.universe = here.universe and later.year = here.year
    left join meanings as first_used
        on later.survey = first_used.survey and later.universe = first_used.universe and later.newer_year = first_used.year
    left join unreached
        on
            later.survey = unreached.survey
            and later.year = unreached.year
            and later.item = unreached.item
            and later.filter_no = unreached.filter_no
)

select
    survey,
    year,
    item,
    universe,
    filter_no,
    method,
    method in ('same_universe', 'rebuilt') as is_rebuilt
from tried
{% endmacro %}
