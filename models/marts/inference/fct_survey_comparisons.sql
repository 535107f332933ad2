-- Grain: one row per comparison and year in which both surveys have a value; whole samples, published basis.
{% set from_a = ['first_survey.test_variance', 'first_survey.test_n_eff', 'first_survey.value'] %}
{% set from_b = ['second_survey.test_variance', 'second_survey.test_n_eff', 'second_survey.value'] %}
with

comparisons as (
    select * from {{ ref('comparisons') }}
),

totals as (
    select
        *,
        power({{ test_se() }}, 2) as test_variance,
        coalesce(n_eff, base_n) as test_n_eff
    from {{ ref('fct_indicators') }}
    where breakdown = 'total' and basis = 'as_published' and value is not null
),

paired as (
    select
        comparisons.comparison,
        first_survey.year,
        comparisons.label_no,
        comparisons.label_en,
        comparisons.survey_a,
        comparisons.indicator_a,
        first_survey.value as value_a,
        first_survey.base_n as base_n_a,
        first_survey.source as source_a,
        comparisons.survey_b,
        comparisons.indicator_b,
        second_survey.value as value_b,
        second_survey.base_n as base_n_b,
        second_survey.source as source_b,
        first_survey.test_variance as variance_a,
        second_survey.test_variance as variance_b,
        first_survey.value - second_survey.value as difference,
        sqrt({{ tested_variance(from_a, from_b) }} + {{ tested_variance(from_b, from_a) }}) as difference_se,
        (first_survey.value - second_survey.value) / nullif(difference_se, 0) as z,
        {{ p_two_sided('z') }} as p_value,
        -- A comparison holds no further than the weaker of its two samples.
        case
            when 'sample_only' in (first_survey.inference_scope, second_survey.inference_scope) then 'sample_only'
            else first_survey.inference_scope
        end as inference_scope,
        comparisons.note_no,
        comparisons.note_en
    from comparisons
    inner join totals as first_survey
        on comparisons.survey_a = first_survey.survey and comparisons.indicator_a = first_survey.indicator
    inner join totals as second_survey
        on
            comparisons.survey_b = second_survey.survey
            and comparisons.indicator_b = second_survey.indicator
            and first_survey.year = second_survey.year
),

-- The comparisons of one year are a family.
adjusted as (
    select *, {{ bh_rank('p_value', ['year']) }} as ranked_p
    from paired
),

signified as (
    select *, {{ bh_adjusted('p_value', 'ranked_p', ['year']) }} as p_adjusted
    from adjusted
)

select
    comparison,
    year,
    label_no,
    label_en,
    survey_a,
    indicator_a,
    value_a,
    base_n_a,
    source_a,
    survey_b,
    indicator_b,
    value_b,
    base_n_b,
    source_b,
    difference,
    difference_se as se,
    z,
    p_value,
    p_adjusted,
    {{ significance('p_adjusted') }} as significance,
    {{ not_tested_reason('p_value', 'variance_a', 'variance_b') }} as not_tested_reason,
    inference_scope,
    note_no,
    note_en
from signified
order by comparison, year
