-- Grain: one row per indicator, survey, bridge year, breakdown and group: a wave that asked more people than a later wave's
-- filter lets through and can be cut down to it. Like_for_like minus as_published; its error knows that most are in both.
{% set noise_counts = 'if(matched.difference = 0, 0, 1e0 / (base_n * base_n) + 1e0 / (filtered_n * filtered_n))' %}
with

moments as (
    select
        moments.*,
        moments.sum_wy / moments.sum_w as y_mean,
        {{ mean_in_unit('moments.factor', 'moments.sum_wy', 'moments.sum_w') }} as value
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
        filtered.sum_w2 as both_w2,
        filtered.sum_w2y as both_w2y,
        filtered.sum_w2y2 as both_w2y2,
        published.sum_w2 - filtered.sum_w2 as only_w2,
        published.sum_w2y - filtered.sum_w2y as only_w2y,
        published.sum_w2y2 - filtered.sum_w2y2 as only_w2y2
    from moments as published
    inner join moments as filtered using (survey, measure, year, breakdown, group_key)
    where published.basis = 'as_published' and filtered.basis = 'like_for_like'
),

effects as (
    select
        matched.*,
        series.series_type,
        series.series,
        series.answer,
        series.unit,
        matched.factor * sqrt(
            matched.respondents_n / nullif(matched.respondents_n - 1, 0)
            * greatest(
                a * a * both_w2y2 - 2 * a * b * both_w2y + b * b * both_w2
                + (only_w2y2 - 2 * y_mean * only_w2y + y_mean * y_mean * only_w2) / (sum_w * sum_w), 0
            )
            + {{ shared_noise('y_mean', 'matched.is_proportion', 'matched.factor', noise_counts) }}
        ) as se,
        matched.difference / nullif(se, 0) as z,
        {{ p_two_sided('z') }} as p_value
    from matched
    inner join {{ ref('int_series_waves') }} as series using (survey, measure, item, year)
    where series.is_offered
),

moves as (
    select
        survey,
        item,
        year,
        breakdown,
        group_key,
        arg_max(answer, (abs(difference), answer)) as most_moved_answer,
        arg_max(difference, (abs(difference), answer)) as most_moved_pp
    from effects
    where series_type = 'answer'
    group by survey, item, year, breakdown, group_key
)

select
    effects.series as indicator,
    survey,
    year,
    breakdown,
    group_key,
    effects.unit,
    effects.base_n as as_published_n,
    effects.value as as_published_value,
    effects.filtered_n as like_for_like_n,
    effects.filtered_value as like_for_like_value,
    effects.difference,
    effects.se,
    effects.z,
    effects.p_value,
    case
        when effects.p_value is not null then null
        when effects.filtered_n = effects.base_n
            then {{ by_profile("'the filter leaves everybody in'", "'the filter leaves out fewer than ten'") }}
        else 'everybody gave the same answer'
    end as not_tested_reason,
    surveys.inference_scope,
    moves.most_moved_answer,
    moves.most_moved_pp
from effects
inner join {{ ref('surveys') }} as surveys using (survey)
left join moves using (survey, item, year, breakdown, group_key)
where effects.series_type = 'indicator'
