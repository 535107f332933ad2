-- Grain: one row per survey, measure, bridge year, breakdown and group: a wave that asked more people than a later wave's
-- filter lets through and can be cut down to it. Like_for_like minus as_published; its error knows that most are in both. The
-- test is that of those inside the filter against those outside.
{% set inside = {
    'base_n': 'filtered_n', 'n': 'both_kish', 'mean': 'filtered_mean', 'w2_mean': 'both_w2y / both_w2',
    'w2_square': 'both_w2y2 / both_w2', 'variance': '1e0', 'more': 'noise / power(only_part, 2)',
} %}
{% set outside = {
    'base_n': '(base_n - filtered_n)', 'n': 'only_kish', 'mean': 'only_mean', 'w2_mean': 'only_w2y / only_w2',
    'w2_square': 'only_w2y2 / only_w2', 'variance': '1e0',
} %}
{% set noise_counts = 'if(difference = 0, 0, 1e0 / (base_n * base_n) + 1e0 / (filtered_n * filtered_n))' %}
{% set reason %}
case
            when filtered_n = base_n
                then {{ by_profile("'the filter leaves everybody in'", "'the filter leaves out fewer than ten'") }}
        end
{%- endset %}
-- noqa: disable=LT02, ST03
with

moments as (
    select moments.*, moments.sum_wy / moments.sum_w as y_mean
    from {{ ref('int_moments') }} as moments
    inner join {{ ref('int_item_waves') }} as item_waves using (survey, year, item)
    where moments.base_n > 0 and item_waves.like_for_like_method = 'rebuilt'
),

matched as (
    select
        published.*,
        filtered.base_n as filtered_n,
        filtered.y_mean as filtered_mean,
        filtered.value as filtered_value,
        published.factor * (filtered.y_mean - published.y_mean) as difference,
        -- Influence of a member of both bases: w * (a * y - b); of one only asked before the filter: -w * (y - mean) / W.
        1 / filtered.sum_w - 1 / published.sum_w as a,
        filtered.y_mean / filtered.sum_w - published.y_mean / published.sum_w as b,
        {% for sums in ['sum_w', 'sum_wy', 'sum_w2', 'sum_w2y', 'sum_w2y2'] %}
        filtered.{{ sums }} as both{{ sums[3:] }},
        published.{{ sums }} - filtered.{{ sums }} as only{{ sums[3:] }}{{ ',' if not loop.last }}
        {% endfor %}
    from moments as published
    inner join moments as filtered using (survey, measure, year, breakdown, group_key)
    where published.basis = 'as_published' and filtered.basis = 'like_for_like'
),

sided as (
    select
        *,
        only_w / sum_w as only_part,
        only_wy / nullif(only_w, 0) as only_mean,
        {{ n_eff_kish('both_w', 'both_w2') }} as both_kish,
        {{ n_eff_kish('only_w', 'only_w2') }} as only_kish,
        {{ shared_noise('y_mean', 'is_proportion', 'factor', noise_counts) }} as noise,
        {{ test_limits() }}
    from matched
),

estimated as (
    select
        *,
        factor * sqrt(
            respondents_n / nullif(respondents_n - 1, 0)
            * greatest(
                a * a * both_w2y2 - 2 * a * b * both_w2y + b * b * both_w2
                + (only_w2y2 - 2 * y_mean * only_w2y + y_mean * y_mean * only_w2) / (sum_w * sum_w), 0
            )
            + noise
        ) as se
    from sided
)

select * from {{ test_of(
    'estimated', 'difference', inside, outside, 'case when is_proportion then 1 end', reason, scale='factor * only_part'
) }}
