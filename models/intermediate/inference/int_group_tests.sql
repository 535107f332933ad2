-- Grain: one row per survey, measure, year, breakdown, group and basis: the group against everybody else in the base. The
-- groups of one breakdown are a family of tests.
{% set family = ['survey', 'measure', 'year', 'basis', 'breakdown'] %}
{% set group_side = ['own_variance', 'test_n_eff', 'mean'] %}
{% set rest_side = ['rest_variance', 'rest_n_eff', 'rest_mean'] %}
with

moments as (
    select
        moments.*,
        sources.item is not null as is_own_group
    from {{ ref('int_moments') }} as moments
    left join {{ ref('int_breakdown_sources') }} as sources using (survey, breakdown, item)
    where moments.base_n > 0
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
            when totals.base_n - groups.base_n >= {{ smallest_base() }}
                then {{ within_share('(totals.sum_wy - groups.sum_wy) / (totals.sum_w - groups.sum_w)', 'groups.is_proportion') }}
        end as rest_mean
    from moments as groups
    inner join moments as totals
        on
            groups.survey = totals.survey
            and groups.measure = totals.measure
            and groups.year = totals.year
            and groups.basis = totals.basis
            and totals.breakdown = 'total'
    where groups.breakdown != 'total'
),

variances as (
    select
        *,
        {{ taylor_variance('respondents_n', 'sum_w', 'mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }} as own_variance,
        case
            when rest_mean is not null
                then
                    {{ taylor_variance('respondents_n', 'rest_w', 'rest_mean', 'rest_w2', 'rest_w2y', 'rest_w2y2') }}
                    + {{ shared_noise('rest_mean', 'is_proportion', 'factor', '2e0 / rest_n * (1e0 / base_n + 1e0 / rest_n)') }}
        end as rest_variance,
        coalesce(
            (sum_wy2 / sum_w - mean * mean) / nullif(own_variance, 0), {{ n_eff_kish('sum_w', 'sum_w2') }}
        ) as test_n_eff,
        coalesce(
            greatest(rest_wy2 / rest_w - rest_mean * rest_mean, 0) / nullif(rest_variance, 0),
            {{ n_eff_kish('rest_w', 'rest_w2') }}
        ) as rest_n_eff
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
        {{ p_two_sided('z') }} as p_value
    from variances
),

ranked as (
    select *, {{ bh_rank('p_value', family) }} as ranked_p
    from tested
)

select
    *,
    {{ bh_adjusted('p_value', 'ranked_p', family) }} as p_adjusted,
    case
        when rest_mean is null then {{ by_profile("'the group is the whole base'", "'the rest is a small base'") }}
        when is_own_group then 'the groups are made of the item itself'
        else {{ not_tested_reason('p_value', 'own_variance', 'rest_variance') }}
    end as not_tested_reason
from ranked
