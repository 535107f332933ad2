-- Grain: one row per survey, year, basis, item and answer that the cube may count, numbered within the wave (`answer_no`), so
-- that the long tables carry a number. Beside the item's answers: `_value` of a number, `_base`, `_no_answer`, `_dont_know`,
-- `_not_relevant` and `_refused` of every item, and the `_base` of the item `_respondents`, which is everybody.
with

item_waves as (
    select waves.survey, waves.year, waves.item, waves.answer_set, waves.filter_changed
    from {{ ref('stg_item_waves') }} as waves
    inner join {{ ref('item_types') }} as types using (type)
    where types.is_counted
),

based as (
    select *, 'as_published' as basis
    from item_waves
    union all
    select *, 'like_for_like' as basis
    from item_waves
    where filter_changed
),

pseudo_answers (answer) as (
    values ('_value'), ('_base'), ('_no_answer'), ('_dont_know'), ('_not_relevant'), ('_refused')
),

keys as (
    select based.survey, based.year, based.basis, based.item, answers.answer
    from based
    inner join {{ ref('answers') }} as answers using (answer_set)
    union all
    select based.survey, based.year, based.basis, based.item, pseudo_answers.answer
    from based
    cross join pseudo_answers
    union all
    select survey, year, 'as_published' as basis, '_respondents' as item, '_base' as answer
    from {{ ref('waves') }}
)

select
    survey,
    year,
    basis,
    item,
    answer,
    cast(row_number() over (partition by survey, year order by basis, item, answer) as integer) as answer_no
from keys
