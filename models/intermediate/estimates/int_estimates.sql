{{ config(materialized='view') }}
-- Grain: one row per survey, measure, year, breakdown, group and basis whose item has a base, in the unit of the measure:
-- percent kinds and nets times 100, NPS in points, a mean in its own unit. Where nobody gave an answer that counts there is no
-- value; a margin that the weights were calibrated to has no error.
-- noqa: disable=LT02
with

moments as (
    select
        moments.*,
        moments.sum_wy / moments.sum_w as y_mean,
        {{ n_eff_kish('moments.sum_w', 'moments.sum_w2') }} as n_eff_kish,
        -- Calibrated weights meet the margin. In profile `open` its noise is on the value.
        moments.breakdown = 'total'
        and coalesce(
            abs(moments.value - margins.population_pct)
            <= {{ by_profile(limit_of('calibrated_gap'), limit_of('margin_gap')) }} + 1e-9, false
        ) as is_calibrated
    from {{ ref('int_moments') }} as moments
    left join {{ ref('int_calibrated_margins') }} as margins using (survey, measure, year)
),

estimated as (
    select
        *,
        case
            when not is_calibrated
                then sqrt({{ taylor_variance('respondents_n', 'sum_w', 'y_mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }})
        end as se,
        -- A difference of sums: what is far below their size is rounding.
        sum_wy2 / sum_w - y_mean * y_mean as square_left,
        case when square_left > 1e-13 * sum_wy2 / sum_w then square_left else 0 * square_left end as y_variance,
        y_variance / nullif(base_n, 0) as srs_variance,
        se * se / nullif(srs_variance, 0) as deff,
        case when not is_calibrated then {{ n_eff_capped('base_n', 'deff', 'n_eff_kish') }} end as n_eff,
        -- The quantile of the interval: answers are counts, numbers have a variance of their own.
        case when factor > 1 then {{ z_quantile() }} else {{ t_quantile('(base_n - 1)') }} end as quantile
    from moments
),

bounded as (
    select
        *,
        case
            when is_proportion then y_mean
            when y_low is null or y_low = y_high then null
            when y_variance = 0 then round((y_mean - y_low) / (y_high - y_low), 9)
            else least(greatest((y_mean - y_low) / (y_high - y_low), 0), 1)
        end as place,
        case
            -- Where everybody gave the same answer nothing is known of its spread: the widest there can be.
            when is_proportion or y_variance = 0 then n_eff
            else n_eff * place * (1 - place) * power(y_high - y_low, 2) / nullif(y_variance, 0)
        end as place_n,
        {% for bound, side in [('low', -1), ('high', 1)] %}
        case
            when place is not null
                then coalesce(y_low, 0) + coalesce(y_high - y_low, 1) * {{ score_bound(side, 'place', 'place_n', 'quantile') }}
            when se > 0 then y_mean + {{ side }} * quantile * sqrt(y_variance / n_eff)
        end as ci_{{ bound }}{{ ',' if not loop.last }}
        {% endfor %}
    from estimated
)

select
    measure_no,
    survey,
    measure,
    item,
    year,
    breakdown,
    group_key,
    basis,
    value,
    nullif(base_n, 0) as base_n,
    case when base_n > 0 then positive_n end as positive_n,
    sum_w,
    sum_w * mean_weight as sum_w_delivered,
    sum_w2,
    factor * sum_wy as sum_wy,
    factor * sum_w2y as sum_w2y,
    factor * factor * sum_w2y2 as sum_w2y2,
    respondents_n,
    n_eff,
    deff,
    factor * se as se,
    factor * ci_low as ci_low,
    factor * ci_high as ci_high,
    factor * 2 * sqrt(srs_variance) as moe_report,
    is_proportion,
    is_calibrated,
    weight_note,
    factor * y_low as scale_low,
    factor * y_high as scale_high
from bounded
