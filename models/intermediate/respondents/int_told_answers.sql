{{ config(enabled=target.type == 'spark') }}
-- depends_on: {{ ref('chk_columns') }} {{ ref('chk_delivery') }} {{ ref('chk_codes') }}
-- Grain: one row per survey, year, respondent, item and answer told in delivered columns: a step of int_given_answers.
select survey, year, respondent_no, item, answer, value
from (
    {{ told_answers() | indent }}
) as answers
