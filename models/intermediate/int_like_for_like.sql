-- Grain: one row per survey, year and item whose filter changed: can the newest wave's universe be applied to this
-- wave?
with

item_waves as (
    select * from {{ ref('stg_item_waves') }} where filter_changed
),

clause_items as (
    select distinct
        clauses.survey,
        clauses.universe,
        clauses.item,
    from {{ ref('universes') }} as clauses
),

evaluable as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        count(clause_items.item) = count(routing_items.item) as is_evaluable,
    from item_waves
    left join clause_items
        on item_waves.survey = clause_items.survey and item_waves.newest_universe = clause_items.universe
    left join {{ ref('stg_item_waves') }} as routing_items
        on
            clause_items.survey = routing_items.survey
            and clause_items.item = routing_items.item
            and item_waves.year = routing_items.year
    group by all
),

-- Members of the newest universe that this wave's own filter routed past the question.
unreached as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        count(*) as unreached_n,
    from item_waves
    inner join {{ ref('int_universes') }} as newest
        on
            item_waves.survey = newest.survey
            and item_waves.year = newest.year
            and item_waves.newest_universe = newest.universe
    anti join {{ ref('int_universes') }} as own
        on
            item_waves.universe = own.universe
            and newest.survey = own.survey
            and newest.year = own.year
            and newest.respondent_no = own.respondent_no
    where item_waves.universe is not null
    group by all
),

judged as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        item_waves.newest_universe,
        case
            when item_waves.universe is not distinct from item_waves.newest_universe then 'same_universe'
            when item_waves.newest_universe is null then 'asked_of_fewer'
            when not evaluable.is_evaluable then 'routing_item_not_asked'
            when coalesce(unreached.unreached_n, 0) > 0 then 'asked_of_fewer'
            else 'rebuilt'
        end as method,
    from item_waves
    inner join evaluable
        on
            item_waves.survey = evaluable.survey
            and item_waves.year = evaluable.year
            and item_waves.item = evaluable.item
    left join unreached
        on
            item_waves.survey = unreached.survey
            and item_waves.year = unreached.year
            and item_waves.item = unreached.item
)

select
    *,
    method in ('same_universe', 'rebuilt') as is_rebuildable,
from judged
