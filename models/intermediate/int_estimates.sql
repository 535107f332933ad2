-- Grain: one row per indicator, survey, year, breakdown, group and basis that has a value, in the indicator's unit: percent
-- kinds and nets times 100, NPS in points, a mean in its own unit. A net or mean that everybody agrees on has no interval.
with

moments as (
    select
        moments.*,
        indicators.kind,
        indicators.unit,
        waves.respondents_n,
        moments.sum_wy / moments.sum_w as y_mean,
        {{ n_eff_kish('moments.sum_w', 'moments.sum_w2') }} as n_eff_kish,
        case when indicators.kind = 'mean' then 1 else 100 end as factor,
        indicators.kind in ('share', 'position_share') as is_proportion,
    from {{ ref('int_moments') }} as moments
    inner join {{ ref('indicators') }} as indicators
        on moments.survey = indicators.survey and moments.indicator = indicators.indicator
    inner join {{ ref('int_wave_weights') }} as waves
        on moments.survey = waves.survey and moments.year = waves.year
),

estimated as (
    select
        *,
        sqrt({{ taylor_variance('respondents_n', 'sum_w', 'y_mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }}) as se,
        greatest(sum_wy2 / sum_w - y_mean * y_mean, 0) / base_n as srs_variance,
        {{ t_quantile('(base_n - 1)') }} as t,
    from moments
),

bounded as (
    select
        *,
        se * se / nullif(srs_variance, 0) as deff,
        case
            when is_proportion then {{ share_bound(-1, 'y_mean', 'se', 't', 'n_eff_kish') }}
            when se > 0 then y_mean - t * se
        end as ci_low,
        case
            when is_proportion then {{ share_bound(1, 'y_mean', 'se', 't', 'n_eff_kish') }}
            when se > 0 then y_mean + t * se
        end as ci_high,
        2 * sqrt(srs_variance) as moe_report,
    from estimated
)

select
    indicator,
    survey,
    year,
    breakdown,
    group_key,
    basis,
    factor * y_mean as value,
    unit,
    base_n,
    sum_w as base_weighted,
    coalesce(base_n / nullif(deff, 0), n_eff_kish) as n_eff,
    deff,
    factor * se as se,
    factor * ci_low as ci_low,
    factor * ci_high as ci_high,
    factor * moe_report as moe_report,
    'computed' as source,
from bounded
union all
select
    indicator,
    survey,
    year,
    breakdown,
    group_key,
    'as_published' as basis,
    value,
    unit,
    base_n,
    null as base_weighted,
    null as n_eff,
    null as deff,
    null as se,
    null as ci_low,
    null as ci_high,
    case when kind = 'share' then 100 * {{ margin_report('value / 100', 'base_n') }} end as moe_report,
    'published' as source,
from {{ ref('int_published_indicators') }}
