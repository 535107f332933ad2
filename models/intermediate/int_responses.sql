-- Grain: one row per survey, year, item asked and respondent: was the respondent asked, and what came back. State:
-- valid, dont_know, no_answer (asked, blank) or not_applicable (routed past). An item with no row in a wave was
-- not asked.
with

item_waves as (
    select * from {{ ref('stg_item_waves') }} where type not in ('open')
),

given as (
    select
        given.survey,
        given.year,
        given.respondent_no,
        given.item,
        bool_or(answers.answer_kind in ('substantive', 'neutral')) as has_substantive,
        count(answers.answer) as answer_n,
        sum(given.value) as value_sum,
    from {{ ref('int_given') }} as given
    inner join {{ ref('items') }} as items
        on given.survey = items.survey and given.item = items.item
    left join {{ ref('answers') }} as answers
        on items.answer_set = answers.answer_set and given.answer = answers.answer
    group by all
),

asked as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        respondents.respondent_no,
        item_waves.universe is null or own.respondent_no is not null as in_universe,
        coalesce(
            like_for_like.is_rebuildable
            and (like_for_like.newest_universe is null or newest.respondent_no is not null),
            false
        ) as in_like_for_like,
        case item_waves.type
            -- Channels of an allocation are points out of 100; one point of rounding is allowed.
            when 'allocation' then coalesce(abs(given.value_sum - 100) <= 1, false)
            when 'number' then given.value_sum is not null
            else given.item is not null
        end as has_answer,
        coalesce(given.has_substantive, false) or item_waves.type = 'number' or given.answer_n = 0 as is_substantive,
    from item_waves
    inner join {{ ref('stg_respondents') }} as respondents
        on item_waves.survey = respondents.survey and item_waves.year = respondents.year
    left join given
        on
            item_waves.survey = given.survey
            and item_waves.year = given.year
            and item_waves.item = given.item
            and respondents.respondent_no = given.respondent_no
    left join {{ ref('int_universes') }} as own
        on
            item_waves.survey = own.survey
            and item_waves.year = own.year
            and item_waves.universe = own.universe
            and respondents.respondent_no = own.respondent_no
    left join {{ ref('int_like_for_like') }} as like_for_like
        on
            item_waves.survey = like_for_like.survey
            and item_waves.year = like_for_like.year
            and item_waves.item = like_for_like.item
    left join {{ ref('int_universes') }} as newest
        on
            like_for_like.survey = newest.survey
            and like_for_like.year = newest.year
            and like_for_like.newest_universe = newest.universe
            and respondents.respondent_no = newest.respondent_no
)

select
    survey,
    year,
    item,
    respondent_no,
    in_universe,
    in_like_for_like,
    has_answer,
    case
        when not in_universe then 'not_applicable'
        when not has_answer then 'no_answer'
        when is_substantive then 'valid'
        else 'dont_know'
    end as state,
from asked
