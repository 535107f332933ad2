-- Grain: one row per survey, year, table family and family that decides, directly or through others, who was asked its items.
with recursive

clauses as (
    select distinct survey, universe, item
    from {{ ref('universes') }}
),

links as (
    select distinct
        waves.survey,
        waves.year,
        routed.family,
        routing.family as routing_family,
    from {{ ref('stg_item_waves') }} as waves
    inner join clauses
        on waves.survey = clauses.survey and clauses.universe in (waves.universe, waves.newest_universe)
    inner join {{ ref('int_table_families') }} as routed
        on waves.survey = routed.survey and waves.item = routed.item
    inner join {{ ref('int_table_families') }} as routing
        on clauses.survey = routing.survey and clauses.item = routing.item
    where routed.family != routing.family
),

reached as (
    select survey, year, family, routing_family
    from links
    union
    select reached.survey, reached.year, reached.family, links.routing_family
    from reached
    inner join links
        on reached.survey = links.survey and reached.year = links.year and reached.routing_family = links.family
)

select survey, year, family, routing_family
from reached
