{{ config(enabled=target.type == 'spark') }}
-- Grain: one row per survey, year, respondent, item and answer told or left unticked: a step of int_given_answers.
select survey, year, respondent_no, item, answer, value
from (
    {{ with_empty_boxes(told=ref('int_told_answers')) | indent }}
) as answers
