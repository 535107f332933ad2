-- Grain: one row per survey, year, item asked and respondent: was the respondent asked, and what came back. State: valid,
-- dont_know, not_relevant, refused (of several options the first of valid, refused, not_relevant), no_answer (asked, blank) or
-- not_applicable (routed past, by the universe or by a code that says so). An item with no row in a wave was not asked.
-- `is_coded_past`, `is_coded_asked`: a code for a missing answer contradicts the universe.
with

item_waves as (
    select waves.*, types.answers_add_up, types.has_numbers, types.sums_to
    from {{ ref('int_item_waves') }} as waves
    inner join {{ ref('item_types') }} as types on waves.type = types.type
    where types.is_counted
),

members as (
    select survey, year, respondent_no, answer as universe, true as is_member
    from {{ ref('int_given_answers') }}
    where item = '_universe'
),

given as (
    select
        given.survey,
        given.year,
        given.respondent_no,
        given.item,
        -- From its end the alphabet has the order that counts: valid, refused, not_relevant, dont_know.
        max(if(answers.answer_kind in ('substantive', 'neutral'), 'valid', answers.answer_kind)) as answer_state,
        count(answers.answer) as answer_n,
        sum(given.value) as value_sum
    from {{ ref('int_given_answers') }} as given
    inner join {{ ref('items') }} as items on given.survey = items.survey and given.item = items.item
    left join {{ ref('answers') }} as answers
        on items.answer_set = answers.answer_set and given.answer = answers.answer
    group by given.survey, given.year, given.respondent_no, given.item
),

-- What a code says of an item without an answer; of a set of boxes, some may say the one and some the other.
marks as (
    select survey, year, respondent_no, answer as item, min(item) as mark
    from {{ ref('int_given_answers') }}
    where {{ is_no_answer('item') }}
    group by survey, year, respondent_no, answer
),

told as (
    select
        survey,
        year,
        item,
        respondent_no,
        respondents.weight,
        item_waves.answers_add_up,
        universe is null or own.is_member is not null as is_routed_to,
        item_waves.has_like_for_like
        and (like_for_like_universe is null or cut.is_member is not null) as is_like_for_like,
        coalesce(case when given.answer_n is null then marks.mark end, '') as coded_as,
        case
            when item_waves.sums_to is not null
                then coalesce(abs(given.value_sum - item_waves.sums_to) <= {{ limit_of('allocation_sum') }}, false)
            when item_waves.has_numbers then given.value_sum is not null
            else given.answer_n is not null
        end as has_answer,
        -- A set of boxes of which none was ticked is an answer too.
        case when item_waves.has_numbers or given.answer_n = 0 then 'valid' else given.answer_state end as answer_state
    from item_waves
    inner join {{ ref('stg_respondents') }} as respondents using (survey, year)
    left join given using (survey, year, item, respondent_no)
    left join marks using (survey, year, item, respondent_no)
    left join members as own using (survey, year, universe, respondent_no)
    left join (select survey, year, respondent_no, universe as like_for_like_universe, is_member from members) as cut
        using (survey, year, like_for_like_universe, respondent_no)
),

asked as (
    select
        *,
        is_routed_to and coded_as != '_not_asked' as in_universe,
        is_like_for_like and coded_as != '_not_asked' as in_like_for_like
    from told
)

select
    survey,
    year,
    item,
    respondent_no,
    weight,
    answers_add_up,
    in_universe,
    in_like_for_like,
    has_answer,
    answer_state,
    coded_as = '_not_asked' and is_routed_to as is_coded_past,
    coded_as = '_no_answer' and not is_routed_to as is_coded_asked,
    case
        when not in_universe then 'not_applicable'
        when not has_answer then 'no_answer'
        else answer_state
    end as state
from asked
