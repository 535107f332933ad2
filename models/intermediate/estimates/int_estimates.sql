-- Grain: one row per survey, measure, year, breakdown, group and basis whose item has a base, in the unit of the measure:
-- percent kinds and nets times 100, NPS in points, a mean in its own unit. Where nobody gave an answer that counts there is no
-- value; a net or mean that everybody agrees on has no interval.
with

moments as (
    select
        *,
        sum_wy / sum_w as y_mean,
        {{ n_eff_kish('sum_w', 'sum_w2') }} as n_eff_kish
    from {{ ref('int_moments') }}
),

estimated as (
    select
        *,
        sqrt({{ taylor_variance('respondents_n', 'sum_w', 'y_mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }}) as se,
        greatest(sum_wy2 / sum_w - y_mean * y_mean, 0) / nullif(base_n, 0) as srs_variance,
        {{ t_quantile('(base_n - 1)') }} as t
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
        end as ci_high
    from estimated
)

select
    survey,
    measure,
    item,
    year,
    breakdown,
    group_key,
    basis,
    {{ mean_in_unit('factor', 'sum_wy', 'sum_w') }} as value,
    nullif(base_n, 0) as base_n,
    case when base_n > 0 then positive_n end as positive_n,
    sum_w,
    sum_w * mean_weight as sum_w_delivered,
    sum_w2,
    factor * sum_wy as sum_wy,
    factor * sum_w2y as sum_w2y,
    factor * factor * sum_w2y2 as sum_w2y2,
    respondents_n,
    coalesce(base_n / nullif(deff, 0), n_eff_kish) as n_eff,
    deff,
    factor * se as se,
    factor * ci_low as ci_low,
    factor * ci_high as ci_high,
    factor * 2 * sqrt(srs_variance) as moe_report
from bounded
