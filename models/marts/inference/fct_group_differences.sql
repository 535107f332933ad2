-- Grain: one row per series (an indicator, or an answer of an item), survey, year, breakdown, group and basis: the group against
-- everybody else in the base.
select
    series.series_type,
    case when series.series_type = 'indicator' then series.series end as indicator,
    series.item,
    series.answer,
    series.survey,
    series.year,
    breakdown,
    group_key,
    basis,
    tests.factor * tests.mean as value,
    tests.base_n,
    series.n_eff,
    series.obs_status_all,
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
from {{ ref('int_series_values') }} as series
inner join {{ ref('int_group_tests') }} as tests using (measure_no, breakdown, group_key, basis)
inner join {{ ref('surveys') }} as surveys
    on series.survey = surveys.survey
