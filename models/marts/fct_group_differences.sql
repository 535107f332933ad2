-- Grain: one row per indicator, survey, year, breakdown, group and basis: the group against everybody else in the base.
{% set grain = ['indicator', 'survey', 'year', 'basis'] %}
{% set group_side = ['own_variance', 'n_eff', 'mean'] %}
{% set rest_side = ['rest_variance', 'rest_n_eff', 'rest_mean'] %}
with

moments as (
    select
        moments.*,
        indicators.kind,
        surveys.inference_scope,
        waves.respondents_n,
        own.item is not null as is_own_group,
        case when indicators.kind = 'mean' then 1 else 100 end as factor,
    from {{ ref('int_moments') }} as moments
    inner join {{ ref('dim_indicator') }} as indicators
        on moments.survey = indicators.survey and moments.indicator = indicators.indicator
    inner join {{ ref('dim_survey') }} as surveys
        on moments.survey = surveys.survey
    inner join {{ ref('dim_wave') }} as waves
        on moments.survey = waves.survey and moments.year = waves.year
    left join {{ ref('int_own_groupings') }} as own
        on moments.survey = own.survey and moments.breakdown = own.breakdown and moments.item = own.item
),

rests as (
    select
        groups.*,
        totals.sum_w as total_w,
        totals.sum_wy / totals.sum_w as total_mean,
        groups.sum_wy / groups.sum_w as mean,
        totals.base_n - groups.base_n as rest_n,
        totals.sum_w - groups.sum_w as rest_w,
        totals.sum_w2 - groups.sum_w2 as rest_w2,
        totals.sum_w2y - groups.sum_w2y as rest_w2y,
        totals.sum_w2y2 - groups.sum_w2y2 as rest_w2y2,
        totals.sum_wy2 - groups.sum_wy2 as rest_wy2,
        case
            when totals.base_n > groups.base_n then (totals.sum_wy - groups.sum_wy) / (totals.sum_w - groups.sum_w)
        end as rest_mean,
    from moments as groups
    inner join moments as totals
        on
            totals.breakdown = 'total'
            {% for column in grain %}
            and groups.{{ column }} = totals.{{ column }}
            {% endfor %}
    where groups.breakdown != 'total'
),

variances as (
    select
        *,
        {{ taylor_variance('respondents_n', 'sum_w', 'mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }} as own_variance,
        case
            when rest_mean is not null
                then {{ taylor_variance('respondents_n', 'rest_w', 'rest_mean', 'rest_w2', 'rest_w2y', 'rest_w2y2') }}
        end as rest_variance,
        coalesce(
            (sum_wy2 / sum_w - mean * mean) / nullif(own_variance, 0), {{ n_eff_kish('sum_w', 'sum_w2') }}
        ) as n_eff,
        coalesce(
            (rest_wy2 / rest_w - rest_mean * rest_mean) / nullif(rest_variance, 0),
            {{ n_eff_kish('rest_w', 'rest_w2') }}
        ) as rest_n_eff,
    from rests
),

tested as (
    select
        *,
        case
            when rest_mean is not null
                then sqrt({{ tested_variance(group_side, rest_side) }} + {{ tested_variance(rest_side, group_side) }})
        end as se,
        case when not is_own_group then (mean - rest_mean) / nullif(se, 0) end as z,
        {{ p_two_sided('z') }} as p_value,
    from variances
),

{% set family = grain + ['breakdown'] %}
adjusted as (
    select *, {{ bh_rank('p_value', family) }} as ranked_p
    from tested
),

signified as (
    select *, {{ bh_adjusted('p_value', 'ranked_p', family) }} as p_adjusted
    from adjusted
)

select
    indicator,
    survey,
    year,
    breakdown,
    group_key,
    basis,
    factor * mean as value,
    base_n,
    factor * total_mean as total_value,
    factor * rest_mean as rest_value,
    rest_n,
    factor * (1 - sum_w / total_w) * (mean - rest_mean) as difference_to_total,
    factor * (mean - rest_mean) as difference_to_rest,
    factor * se as se,
    z,
    p_value,
    p_adjusted,
    {{ significance('p_adjusted') }} as significance,
    case
        when rest_mean is null then 'the group is the whole base'
        when is_own_group then 'the groups are made of the item itself'
        else {{ not_tested_reason('p_value', 'own_variance', 'rest_variance') }}
    end as not_tested_reason,
    inference_scope,
from signified
