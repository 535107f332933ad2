-- Grain: one row per indicator, survey, year, breakdown, group and basis that respondents answered: the additive sums of
-- w and y, with y in the indicator's unit, so that sum_wy / sum_w is the value of any union of groups. A withheld group
-- keeps its row with empty sums: a total over it must come out empty, not too small.
select
    series.series as indicator,
    series.survey,
    series.year,
    series.breakdown,
    series.group_key,
    series.basis,
    series.series_segment,
    waves.respondents_n,
    series.base_n,
    series.sum_w,
    series.sum_w_delivered,
    series.sum_w2,
    series.sum_wy,
    series.sum_w2y,
    series.sum_w2y2,
    series.conf_status,
    surveys.inference_scope
from {{ ref('int_series_values') }} as series
inner join {{ ref('surveys') }} as surveys using (survey)
inner join {{ ref('dim_wave') }} as waves using (survey, year)
where
    series.series_type = 'indicator'
    and series.source = 'computed'
    and (series.value is not null or series.conf_status = 'C')
