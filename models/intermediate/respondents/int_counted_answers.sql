-- Grain: one row per survey, year, respondent and answer that the cube counts: its number in int_answer_keys, which says the
-- basis, the item and the answer. Beside the answers given: `_base` of a set whose answers do not add up to it, `_no_answer` of
-- whoever was asked and left it blank, one of `_dont_know`, `_not_relevant` and `_refused` of whoever answered without a position,
-- and every respondent once in the item `_respondents`.
with

asked as (
    select * from {{ ref('int_responses') }} where in_universe or in_like_for_like
),

counted as (
    select asked.*, coalesce(given.answer, '_value') as answer, given.value
    from asked
    inner join {{ ref('int_given_answers') }} as given using (survey, year, item, respondent_no)
    where asked.has_answer and (given.answer is not null or given.value is not null)
    union all
    select *, '_base' as answer, null as value
    from asked
    where has_answer and not answers_add_up
    union all
    select *, '_no_answer' as answer, null as value
    from asked
    where not has_answer
    union all
    select *, concat('_', answer_state) as answer, null as value
    from asked
    where has_answer and answer_state != 'valid'
)

select counted.survey, counted.year, counted.respondent_no, keys.answer_no, counted.weight, counted.value
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
