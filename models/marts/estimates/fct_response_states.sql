-- Grain: one row per survey, year, item and respondent state. Items of the codebook that a wave left out are
-- `not_asked`. The states of an item add up to the respondents of the wave. Free text is not counted and has none.
with

cells as (
    select * from {{ ref('int_released_cells') }} where breakdown = 'total' and basis = 'as_published'
),

everybody as (
    select survey, year, n as respondents_n
    from cells
    where item = '_respondents'
),

-- Answers that exclude each other say by their kind what they are; a set of options has cells of its own for it.
told as (
    select
        cells.*,
        types.answers_add_up,
        case when types.answers_add_up then answers.answer_kind else ltrim(cells.answer, '_') end as answer_kind
    from cells
    inner join {{ ref('items') }} as items using (survey, item)
    inner join {{ ref('item_types') }} as types using (type)
    left join {{ ref('answers') }} as answers using (answer_set, answer)
    where types.answers_add_up or starts_with(cells.answer, '_')
),

counted as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        coalesce(max(told.n) filter (where told.answer = '_asked'), 0) as asked_n,
        coalesce(max(told.n) filter (where told.answer = '_base'), 0) as answered_n,
        coalesce(max(told.n) filter (where told.answer = '_valid'), 0) as valid_n,
        coalesce(bool_or(told.answers_add_up), false) as answers_add_up,
        coalesce(sum(told.n) filter (where told.answer_kind = 'dont_know'), 0) as dont_know_n,
        coalesce(sum(told.n) filter (where told.answer_kind = 'not_relevant'), 0) as not_relevant_n,
        coalesce(sum(told.n) filter (where told.answer_kind = 'refused'), 0) as refused_n
    from {{ ref('int_item_waves') }} as item_waves
    left join told using (survey, year, item)
    where item_waves.type != 'open'
    group by item_waves.survey, item_waves.year, item_waves.item
),

-- In profile `open` each count has noise of its own: what is left is shared out in order, so that the states add up.
shared as (
    select
        *,
        case when answers_add_up then dont_know_n + not_relevant_n + refused_n else answered_n - valid_n end as unsaid_n,
        least(refused_n, unsaid_n) as refused,
        least(not_relevant_n, unsaid_n - refused) as not_relevant
    from counted
),

states as (
    unpivot (
        select
            shared.survey,
            shared.year,
            shared.item,
            cast(shared.answered_n - shared.unsaid_n as bigint) as valid,
            cast(shared.unsaid_n - shared.refused - shared.not_relevant as bigint) as dont_know,
            cast(shared.not_relevant as bigint) as not_relevant,
            cast(shared.refused as bigint) as refused,
            shared.asked_n - shared.answered_n as no_answer,
            everybody.respondents_n - shared.asked_n as not_applicable
        from shared
        inner join everybody using (survey, year)
    )
    on valid, dont_know, not_relevant, refused, no_answer, not_applicable
    into name state value respondents_n
),

not_asked as (
    select survey, year, items.item, 'not_asked' as state, everybody.respondents_n
    from {{ ref('items') }} as items
    inner join {{ ref('item_types') }} as types using (type)
    inner join everybody using (survey)
    anti join counted using (survey, year, item)
    where types.is_counted
)

select survey, year, item, state, respondents_n
from states
where respondents_n > 0
union all
select survey, year, item, state, respondents_n
from not_asked
order by survey, year, item, state
