-- Grain: one row per survey, year, basis, item, respondent and answer that the cube counts. Beside the answers given: `_base`
-- of a set whose answers do not add up to it, `_no_answer` of whoever was asked and left it blank, one of `_dont_know`,
-- `_not_relevant` and `_refused` of whoever answered without a position, and every respondent once in the item `_respondents`.
with

asked as (
    select *, 'as_published' as basis
    from {{ ref('int_responses') }}
    where in_universe
    union all
    select *, 'like_for_like' as basis
    from {{ ref('int_responses') }}
    where in_like_for_like
),

given as (
    select
        asked.survey,
        asked.year,
        asked.basis,
        asked.item,
        asked.respondent_no,
        coalesce(given.answer, '_value') as answer,
        asked.weight,
        given.value
    from asked
    inner join {{ ref('int_given_answers') }} as given using (survey, year, item, respondent_no)
    where asked.has_answer and (given.answer is not null or given.value is not null)
),

states as (
    select *, '_base' as answer
    from asked
    where has_answer and not answers_add_up
    union all
    select *, '_no_answer' as answer
    from asked
    where not has_answer
    union all
    select *, concat('_', answer_state) as answer
    from asked
    where has_answer and answer_state != 'valid'
)

select * from given
union all
select survey, year, basis, item, respondent_no, answer, weight, null as value
from states
union all
select survey, year, 'as_published' as basis, '_respondents' as item, respondent_no, '_base' as answer, weight, null as value
from {{ ref('stg_respondents') }}
