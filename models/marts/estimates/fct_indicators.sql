-- Grain: one row per indicator, survey, year, breakdown, group and basis.
-- Percent kinds and nets are in percent (0-100) and percentage points; NPS in points (-100 to 100); a mean in its own
-- unit. A comparison with the wave before needs the group's value in both.
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
    case when series.value is not null and previous.value is not null then series.comparable_with_previous end
        as comparable_with_previous,
    series.change_ids,
    left(series.obs_status_all, 1) as obs_status,
    series.obs_status_all,
    series.status_reason,
    series.conf_status,
    surveys.inference_scope,
    series.source
from {{ ref('int_series_values') }} as series
inner join {{ ref('surveys') }} as surveys using (survey)
left join {{ ref('int_series_values') }} as previous
    on
        series.series_no = previous.series_no
        and series.group_no = previous.group_no
        and series.basis = previous.basis
        and series.previous_year = previous.year
where series.series_type = 'indicator'
