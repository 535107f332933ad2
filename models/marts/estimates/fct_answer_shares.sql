-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for every answer the wave's form
-- offered.
select
    series.survey,
    series.year,
    series.item,
    series.answer,
    series.breakdown,
    series.group_key,
    series.basis,
    series.base_n,
    series.sum_w as base_weighted,
    series.sum_w_delivered as base_weighted_delivered,
    series.positive_n as answer_n,
    series.value as share_pct,
    {{ pct_print('series.value') }} as pct_print,
    series.se as se_pp,
    series.noise_sd_n,
    series.ci_low as ci_low_pct,
    series.ci_high as ci_high_pct,
    series.moe_report as moe_report_pp,
    series.n_eff,
    series.deff,
    left(series.obs_status_all, 1) as obs_status,
    series.obs_status_all,
    series.status_reason,
    series.conf_status,
    surveys.inference_scope
from {{ ref('int_series_values') }} as series
inner join {{ ref('surveys') }} as surveys using (survey)
where series.series_type = 'answer'
