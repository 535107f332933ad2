-- Grain: one row per series (an indicator, or an answer of an item), survey, year, breakdown, group and basis: the group against
-- everybody else in the base.
select
    series.series_type,
    case when series.series_type = 'indicator' then series.series end as indicator,
    series.item,
    series.answer,
    survey,
    year,
    tests.breakdown,
    tests.group_key,
    tests.basis,
    tests.factor * tests.mean as value,
    tests.base_n,
    group_values.n_eff,
    group_values.obs_status_all,
    tests.factor * tests.total_mean as total_value,
    tests.factor * tests.rest_mean as rest_value,
    tests.rest_n,
    tests.rest_n_eff,
    tests.factor * (1 - tests.sum_w / tests.total_w) * (tests.mean - tests.rest_mean) as difference_to_total,
    tests.factor * (tests.mean - tests.rest_mean) as difference_to_rest,
    tests.factor * tests.se as se,
    tests.factor * tests.se_null as se_null,
    tests.z,
    tests.p_value,
    tests.p_adjusted,
    {{ significance('tests.p_adjusted') }} as significance,
    tests.not_tested_reason,
    surveys.inference_scope
from {{ ref('int_series_waves') }} as series
inner join {{ ref('int_group_tests') }} as tests using (survey, measure, item, year)
inner join {{ ref('int_series_values') }} as group_values
    on
        series.survey = group_values.survey
        and series.series_type = group_values.series_type
        and series.series = group_values.series
        and series.year = group_values.year
        and tests.breakdown = group_values.breakdown
        and tests.group_key = group_values.group_key
        and tests.basis = group_values.basis
inner join {{ ref('surveys') }} as surveys using (survey)
where series.is_offered
