-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing; where the filter of the item
-- changed, also whether the newest wave's universe can be applied to this wave (`like_for_like_method`).
with

item_waves as (
    select * from {{ ref('stg_item_waves') }}
),

members as (
    select survey, year, respondent_no, answer as universe
    from {{ ref('int_given_answers') }}
    where item = '_universe'
),

evaluable as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        count(clauses.item) = count(routing_items.item) as is_evaluable
    from item_waves
    left join (select distinct survey, universe, item from {{ ref('universes') }}) as clauses
        on item_waves.survey = clauses.survey and item_waves.newest_universe = clauses.universe
    left join item_waves as routing_items
        on
            clauses.survey = routing_items.survey
            and clauses.item = routing_items.item
            and item_waves.year = routing_items.year
    where item_waves.filter_changed
    group by item_waves.survey, item_waves.year, item_waves.item
),

-- Members of the newest universe that this wave's own filter routed past the question.
unreached as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        count(*) as unreached_n
    from item_waves
    inner join members as newest
        on
            item_waves.survey = newest.survey
            and item_waves.year = newest.year
            and item_waves.newest_universe = newest.universe
    anti join members as own
        on
            item_waves.universe = own.universe
            and newest.survey = own.survey
            and newest.year = own.year
            and newest.respondent_no = own.respondent_no
    where item_waves.filter_changed and item_waves.universe is not null
    group by item_waves.survey, item_waves.year, item_waves.item
),

judged as (
    select
        item_waves.*,
        case
            when not item_waves.filter_changed then 'filter_unchanged'
            when coalesce(item_waves.universe, '') = coalesce(item_waves.newest_universe, '') then 'same_universe'
            when item_waves.newest_universe is null then 'asked_of_fewer'
            when not evaluable.is_evaluable then 'routing_item_not_asked'
            when unreached.unreached_n > 0 then 'asked_of_fewer'
            else 'rebuilt'
        end as like_for_like_method
    from item_waves
    left join evaluable using (survey, year, item)
    left join unreached using (survey, year, item)
)

select
    *,
    like_for_like_method in ('same_universe', 'rebuilt') as has_like_for_like
from judged
