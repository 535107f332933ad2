-- Grain: one row per survey, year, respondent and answer that the cube counts: its number in int_answer_keys, which says the
-- basis, the item and the answer. Beside the answers given: `_base` of a set whose answers do not add up to it, `_no_answer` of
-- whoever was asked and left it blank, one of `_dont_know`, `_not_relevant` and `_refused` of whoever answered without a
-- position, and every respondent once in the item `_respondents`.
with

given as (
    select survey, year, item, respondent_no, coalesce(answer, '_value') as answer, value
    from {{ ref('int_given_answers') }}
    where answer is not null or value is not null
),

counted as (
    select
        survey, year, item, respondent_no, given.answer, given.value, responses.weight, responses.in_universe,
        responses.in_like_for_like
    from {{ ref('int_responses') }} as responses
    inner join given using (survey, year, item, respondent_no)
    where responses.has_answer
    union all
    select survey, year, item, respondent_no, '_base' as answer, null as value, weight, in_universe, in_like_for_like
    from {{ ref('int_responses') }}
    where has_answer and not answers_add_up
    union all
    select
        survey, year, item, respondent_no, case when has_answer then concat('_', answer_state) else '_no_answer' end as answer,
        null as value, weight, in_universe, in_like_for_like
    from {{ ref('int_responses') }}
    where not has_answer or answer_state != 'valid'
)

-- An answer without a number fails the tests of this model.
select survey, year, counted.respondent_no, keys.answer_no, counted.weight, counted.value
from counted
left join {{ ref('int_answer_keys') }} as keys using (survey, year, item, answer)
where case keys.basis when 'like_for_like' then counted.in_like_for_like else counted.in_universe end
union all
select survey, year, respondents.respondent_no, keys.answer_no, respondents.weight, null as value
from {{ ref('stg_respondents') }} as respondents
inner join {{ ref('int_answer_keys') }} as keys using (survey, year)
where keys.item = '_respondents'
-- Rows of an answer lie together, which halves the time of adding them up.
order by year, answer_no
