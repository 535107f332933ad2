-- Grain: one row per indicator, survey, bridge year, breakdown and group: a wave that asked more people than the newest
-- wave's filter lets through and can be cut down to it. The effect is like_for_like minus as_published; its standard
-- error rests on the same respondents being in both.
with

moments as (
    select * from {{ ref('int_moments') }}
),

bridges as (
    select survey, year, item
    from {{ ref('int_like_for_like') }}
    where method = 'rebuilt'
),

matched as (
    select
        published.survey,
        published.indicator,
        published.item,
        published.year,
        published.breakdown,
        published.group_key,
        waves.respondents_n,
        indicators.unit,
        case when indicators.kind = 'mean' then 1 else 100 end as factor,
        published.base_n as published_n,
        filtered.base_n as filtered_n,
        published.sum_wy / published.sum_w as published_mean,
        filtered.sum_wy / filtered.sum_w as filtered_mean,
        -- Influence of a member of both bases: w * (a * y - b); of one only asked before the filter: -w * (y - mean) / W.
        1 / filtered.sum_w - 1 / published.sum_w as a,
        filtered_mean / filtered.sum_w - published_mean / published.sum_w as b,
        filtered.sum_w2 as both_w2,
        filtered.sum_w2y as both_w2y,
        filtered.sum_w2y2 as both_w2y2,
        published.sum_w as published_w,
        published.sum_w2 - filtered.sum_w2 as only_w2,
        published.sum_w2y - filtered.sum_w2y as only_w2y,
        published.sum_w2y2 - filtered.sum_w2y2 as only_w2y2,
    from moments as published
    inner join bridges
        on published.survey = bridges.survey and published.year = bridges.year and published.item = bridges.item
    inner join moments as filtered
        on
            published.survey = filtered.survey
            and published.indicator = filtered.indicator
            and published.year = filtered.year
            and published.breakdown = filtered.breakdown
            and published.group_key = filtered.group_key
            and filtered.basis = 'like_for_like'
    inner join {{ ref('dim_wave') }} as waves
        on published.survey = waves.survey and published.year = waves.year
    inner join {{ ref('dim_indicator') }} as indicators
        on published.survey = indicators.survey and published.indicator = indicators.indicator
    where published.basis = 'as_published'
),

tested as (
    select
        *,
        sqrt(
            respondents_n / nullif(respondents_n - 1, 0)
            * greatest(
                a * a * both_w2y2 - 2 * a * b * both_w2y + b * b * both_w2
                + (only_w2y2 - 2 * published_mean * only_w2y + published_mean * published_mean * only_w2)
                / (published_w * published_w), 0
            )
        ) as se,
        (filtered_mean - published_mean) / nullif(se, 0) as z,
        {{ p_two_sided('z') }} as p_value,
    from matched
),

moves as (
    select
        published.survey,
        published.item,
        published.year,
        published.breakdown,
        published.group_key,
        arg_max(
            published.answer, (abs(filtered.share_pct - published.share_pct), published.answer)
        ) as most_moved_answer,
        arg_max(
            filtered.share_pct - published.share_pct, (abs(filtered.share_pct - published.share_pct), published.answer)
        ) as most_moved_pp,
    from {{ ref('fct_answer_shares') }} as published
    inner join {{ ref('fct_answer_shares') }} as filtered
        on
            published.survey = filtered.survey
            and published.item = filtered.item
            and published.answer = filtered.answer
            and published.year = filtered.year
            and published.breakdown = filtered.breakdown
            and published.group_key = filtered.group_key
            and filtered.basis = 'like_for_like'
    inner join bridges
        on published.survey = bridges.survey and published.year = bridges.year and published.item = bridges.item
    where published.basis = 'as_published'
    group by all
)

select
    tested.indicator,
    tested.survey,
    tested.year,
    tested.breakdown,
    tested.group_key,
    tested.unit,
    tested.published_n as as_published_n,
    tested.factor * tested.published_mean as as_published_value,
    tested.filtered_n as like_for_like_n,
    tested.factor * tested.filtered_mean as like_for_like_value,
    tested.factor * (tested.filtered_mean - tested.published_mean) as difference,
    tested.factor * tested.se as se,
    tested.z,
    tested.p_value,
    case
        when tested.p_value is not null then null
        when tested.filtered_n = tested.published_n then 'the filter leaves everybody in'
        else 'everybody gave the same answer'
    end as not_tested_reason,
    surveys.inference_scope,
    moves.most_moved_answer,
    moves.most_moved_pp,
from tested
inner join {{ ref('dim_survey') }} as surveys
    on tested.survey = surveys.survey
left join moves
    on
        tested.survey = moves.survey
        and tested.item = moves.item
        and tested.year = moves.year
        and tested.breakdown = moves.breakdown
        and tested.group_key = moves.group_key
