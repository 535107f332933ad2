-- Grain: one row per survey, year, delivered column and value, with how often it occurs; a blank is a value here.
select
    answers.survey,
    answers.year,
    answers.column_name,
    answers.raw_value,
    concat('raw/', answers.survey, '_', answers.year, '.csv') as file,
    count(*) as value_n,
from {{ ref('stg_answers') }} as answers
group by answers.survey, answers.year, answers.column_name, answers.raw_value
