-- Grain: one row per survey, year, item and respondent state. Items of the codebook that a wave left out are
-- `not_asked`.
with

cells as (
    select * from {{ ref('int_released_cells') }} where breakdown = 'total' and basis = 'as_published'
),

everybody as (
    select survey, year, n as respondents_n
    from cells
    where item = '_respondents'
),

counted as (
    select
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        coalesce(max(cells.n) filter (where cells.answer = '_asked'), 0) as asked_n,
        coalesce(max(cells.n) filter (where cells.answer = '_base'), 0) as answered_n,
        coalesce(max(cells.n) filter (where cells.answer = '_valid'), 0) as valid_n
    from {{ ref('int_item_waves') }} as item_waves
    left join cells using (survey, year, item)
    where item_waves.type != 'open'
    group by item_waves.survey, item_waves.year, item_waves.item
),

states as (
    select survey, year, item, 'valid' as state, valid_n as respondents_n
    from counted
    union all
    select survey, year, item, 'dont_know' as state, answered_n - valid_n as respondents_n
    from counted
    union all
    select survey, year, item, 'no_answer' as state, asked_n - answered_n as respondents_n
    from counted
    union all
    select survey, year, item, 'not_applicable' as state, everybody.respondents_n - asked_n as respondents_n
    from counted
    inner join everybody using (survey, year)
),

not_asked as (
    select survey, year, items.item, 'not_asked' as state, everybody.respondents_n
    from {{ ref('items') }} as items
    inner join everybody using (survey)
    anti join counted using (survey, year, item)
)

select survey, year, item, state, respondents_n
from states
where respondents_n > 0
union all
select survey, year, item, state, respondents_n
from not_asked
order by survey, year, item, state
