-- Grain: one row per indicator, survey, bridge year, breakdown and group: what a later wave's filter does to a wave that asked
-- more people. A family of tests: the groups of a breakdown for an indicator; of whole samples all indicators of the survey.
{% set family = ['survey', 'year', 'breakdown', 'family_series'] %}
with

effects as (
    select
        tests.*,
        series.series_type,
        series.series,
        series.answer,
        series.unit
    from {{ ref('int_filter_tests') }} as tests
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
),

families as (
    select *, case when breakdown != 'total' then series end as family_series
    from effects
    where series_type = 'indicator'
),

ranked as (
    select *, {{ bh_rank('p_value', family) }} as ranked_p
    from families
),

adjusted as (
    select *, {{ bh_adjusted('p_value', 'ranked_p', family) }} as p_adjusted
    from ranked
)

select
    adjusted.series as indicator,
    survey,
    year,
    breakdown,
    group_key,
    adjusted.unit,
    adjusted.base_n as as_published_n,
    adjusted.value as as_published_value,
    adjusted.filtered_n as like_for_like_n,
    adjusted.filtered_value as like_for_like_value,
    adjusted.difference,
    adjusted.se,
    adjusted.se_null,
    adjusted.z,
    adjusted.p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    adjusted.not_tested_reason,
    surveys.inference_scope,
    moves.most_moved_answer,
    moves.most_moved_pp
from adjusted
inner join {{ ref('surveys') }} as surveys using (survey)
left join moves using (survey, item, year, breakdown, group_key)
