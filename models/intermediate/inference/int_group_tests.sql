-- Grain: one row per survey, measure, year, breakdown, group and basis: the group against everybody else in the base. The
-- groups of one breakdown are a family of tests.
{% set family = ['measure_no', 'basis', 'breakdown'] %}
{% set own = {
    'base_n': 'base_n', 'n': 'own_kish', 'mean': 'mean', 'w2_mean': 'sum_w2y / sum_w2', 'w2_square': 'sum_w2y2 / sum_w2',
    'variance': 'own_variance',
} %}
{% set rest = {
    'base_n': 'rest_n', 'n': 'rest_kish', 'mean': 'rest_mean', 'w2_mean': 'rest_w2y / rest_w2', 'w2_square': 'rest_w2y2 / rest_w2',
    'variance': 'rest_variance', 'more': 'rest_noise',
} %}
{% set reason %}
case
            when rest_mean is null then {{ by_profile("'the group is the whole base'", "'the rest is a small base'") }}
            when is_own_group then 'the groups are made of the item itself'
        end
{%- endset %}
-- noqa: disable=ST03
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
        on groups.measure_no = totals.measure_no and groups.basis = totals.basis and totals.breakdown = 'total'
    where groups.breakdown != 'total'
),

variances as (
    select
        *,
        {{ n_eff_kish('sum_w', 'sum_w2') }} as own_kish,
        case when rest_mean is not null then {{ n_eff_kish('rest_w', 'rest_w2') }} end as rest_kish,
        {{ taylor_variance('respondents_n', 'sum_w', 'mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }} as own_variance,
        case
            when rest_mean is not null
                then {{ taylor_variance('respondents_n', 'rest_w', 'rest_mean', 'rest_w2', 'rest_w2y', 'rest_w2y2') }}
        end as rest_variance,
        {{ shared_noise('rest_mean', 'is_proportion', 'factor', '2e0 / rest_n * (1e0 / base_n + 1e0 / rest_n)') }} as rest_noise,
        {{ n_eff_capped(
            'greatest(rest_wy2 / rest_w - rest_mean * rest_mean, 0)', '(rest_variance + rest_noise)', 'rest_kish'
        ) }} as rest_n_eff,
        {{ test_limits() }}
    from rests
),

-- The number of a test holds only in rows that are made once.
tested as materialized (
    select *, {{ difference_se(own, rest) }} as se, row_number() over () as test_no
    from {{ test_of('variances', '(mean - rest_mean)', own, rest, 'case when is_proportion then 1 end', reason) }}
)

select
    measure_no, survey, measure, item, year, breakdown, group_key, basis, factor,
    mean, base_n, sum_w, total_mean, total_w, rest_mean, rest_n, rest_n_eff,
    se, se_null, z, p_value, adjusted.p_adjusted, not_tested_reason
from tested
left join {{ bh_adjusted('tested', 'test_no', 'p_value', family) }} as adjusted using (test_no)
