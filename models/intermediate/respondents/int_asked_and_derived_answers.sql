{{ config(enabled=target.type == 'spark') }}
-- Grain: one row per survey, year, respondent, item and answer, the derived ones too: a step of int_given_answers.
select survey, year, respondent_no, item, answer, value
from (
    {{ with_derived_answers(asked=ref('int_asked_answers')) | indent }}
) as answers
