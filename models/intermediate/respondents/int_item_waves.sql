-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing; where its filter changed,
-- also the universe of its like-for-like basis (number `like_for_like_no` along the waves): the newest of later waves that this
-- wave can be cut down to; or its own, where that is the newest or one that an earlier wave was cut down to.
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
        item_waves.survey, item_waves.year, item_waves.item, item_waves.universe as own_universe, newer.universe, newer.filter_no,
        min(newer.year) as newer_year
    from item_waves
    inner join item_waves as newer using (survey, item)
    where item_waves.filter_changed and newer.filter_no > item_waves.filter_no
    group by all
),

meanings as (
    select
        clauses.survey,
        clauses.universe,
        waves.year,
        bool_and(routing_items.item is not null) as is_asked,
        list(distinct definitions.made_of order by definitions.made_of) as made_of
    from {{ ref('universes') }} as clauses
    inner join {{ ref('waves') }} as waves using (survey)
    left join item_waves as routing_items using (survey, year, item)
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
    inner join members as newer using (survey, year, universe)
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
            when coalesce(here.made_of, []) != coalesce(first_used.made_of, []) then 'routing_item_differs'
            when unreached.item is not null then 'asked_of_fewer'
            else 'rebuilt'
        end as method,
        method in ('same_universe', 'rebuilt') as is_rebuilt
    from later
    left join meanings as here using (survey, universe, year)
    left join meanings as first_used
        on later.survey = first_used.survey and later.universe = first_used.universe and later.newer_year = first_used.year
    left join unreached using (survey, year, item, filter_no)
),

-- Rebuilt before not, newest first: where nothing can be rebuilt, this says why the newest cannot.
best as (
    select * from tried
    qualify row_number() over (partition by survey, year, item order by is_rebuilt desc, filter_no desc) = 1
)

select
    item_waves.*,
    case
        when not item_waves.filter_changed then 'filter_unchanged'
        when best.is_rebuilt then best.method
        when best.item is null or aimed_at.item is not null then 'same_universe'
        else best.method
    end as like_for_like_method,
    like_for_like_method in ('same_universe', 'rebuilt') as has_like_for_like,
    case when has_like_for_like then if(best.is_rebuilt, best.filter_no, item_waves.filter_no) end as like_for_like_no,
    case when has_like_for_like then if(best.is_rebuilt, best.universe, item_waves.universe) end as like_for_like_universe
from item_waves
left join best using (survey, year, item)
left join (select distinct survey, item, filter_no from best where is_rebuilt) as aimed_at
    on item_waves.survey = aimed_at.survey and item_waves.item = aimed_at.item and item_waves.filter_no = aimed_at.filter_no
