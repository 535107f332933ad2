-- Grain: one row per indicator, survey, year, breakdown, group and basis.
-- Percent kinds and nets are in percent (0-100) and percentage points; NPS in points (-100 to 100); a mean in its own
-- unit.
select
    series.series as indicator,
    series.survey,
    series.year,
    series.breakdown,
    series.group_key,
    series.basis,
    series.value,
    case when series.unit = 'percent' then {{ pct_print('series.value') }} end as pct_print,
    series.unit,
    series.base_n,
    series.sum_w as base_weighted,
    series.sum_w_delivered as base_weighted_delivered,
    series.n_eff,
    series.deff,
    series.se,
    series.noise_sd_n,
    series.ci_low,
    series.ci_high,
    series.moe_report,
    series.series_segment,
    series.comparable_with_previous,
    series.change_ids,
    left(series.obs_status_all, 1) as obs_status,
    series.obs_status_all,
    series.status_reason,
    series.conf_status,
    surveys.inference_scope,
    series.source
from {{ ref('int_series_values') }} as series
inner join {{ ref('surveys') }} as surveys using (survey)
where series.series_type = 'indicator'
