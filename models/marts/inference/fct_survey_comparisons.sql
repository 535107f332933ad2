-- Grain: one row per comparison and year in which both surveys have a value; whole samples, published basis.
{% set first, second = test_side('_a'), test_side('_b') %}
-- noqa: disable=ST03
with

totals as (
    select
        * rename (series as indicator),
        {{ test_moments() }}
    from {{ ref('int_series_values') }}
    inner join {{ ref('surveys') }} as surveys using (survey)
    where series_type = 'indicator' and breakdown = 'total' and basis = 'as_published' and value is not null
),

paired as (
    select
        comparisons.*,
        first_survey.year,
        first_survey.unit = 'percent' and second_survey.unit = 'percent' as are_shares,
        first_survey.is_calibrated or second_survey.is_calibrated as is_calibrated,
        {% for side, relation in [('a', 'first_survey'), ('b', 'second_survey')] %}
        {% for column in [
            'value', 'base_n', 'n_eff', 'obs_status_all', 'source', 'test_n', 'test_variance', 'test_mean', 'test_square', 'test_rounding'
        ] %}
        {{ relation }}.{{ column }} as {{ column }}_{{ side }},
        {% endfor %}
        {% endfor %}
        comparisons.survey_b,
        comparisons.indicator_b,
        -- A comparison holds no further than the weaker of its two samples.
        case
            when 'sample_only' in (first_survey.inference_scope, second_survey.inference_scope) then 'sample_only'
            else first_survey.inference_scope
        end as inference_scope,
        {{ test_limits() }}
    from {{ ref('comparisons') }} as comparisons
    inner join totals as first_survey
        on comparisons.survey_a = first_survey.survey and comparisons.indicator_a = first_survey.indicator
    inner join totals as second_survey
        on
            comparisons.survey_b = second_survey.survey
            and comparisons.indicator_b = second_survey.indicator
            and first_survey.year = second_survey.year
),

-- The comparisons of one year are a family. The number of a test holds only in rows that are made once.
tested as materialized (
    select *, {{ difference_se(first, second) }} as se, row_number() over () as test_no
    from {{ test_of(
        'paired', 'value_a - value_b', first, second, 'case when are_shares then 100 end',
        'case when is_calibrated then ' ~ calibrated_reason() ~ ' end'
    ) }}
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
    n_eff_a,
    obs_status_all_a,
    source_a,
    survey_b,
    indicator_b,
    value_b,
    base_n_b,
    n_eff_b,
    obs_status_all_b,
    source_b,
    value_a - value_b as difference,
    se,
    se_null,
    z,
    p_value,
    p_adjusted,
    {{ significance('p_adjusted') }} as significance,
    not_tested_reason,
    inference_scope,
    note_no,
    note_en
from tested
left join {{ bh_adjusted('tested', 'test_no', 'p_value', ['year']) }} as adjusted using (test_no)
order by comparison, year
