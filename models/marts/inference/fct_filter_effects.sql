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

-- The number of a test holds only in rows that are made once.
tested as materialized (
    select *, case when breakdown != 'total' then series end as family_series, row_number() over () as test_no
    from effects
    where series_type = 'indicator'
)

select
    tested.series as indicator,
    survey,
    year,
    breakdown,
    group_key,
    tested.unit,
    tested.base_n as as_published_n,
    tested.value as as_published_value,
    tested.filtered_n as like_for_like_n,
    tested.filtered_value as like_for_like_value,
    tested.difference,
    tested.se,
    tested.se_null,
    tested.z,
    tested.p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    tested.not_tested_reason,
    surveys.inference_scope,
    moves.most_moved_answer,
    moves.most_moved_pp
from tested
left join {{ bh_adjusted('tested', 'test_no', 'p_value', family) }} as adjusted using (test_no)
inner join {{ ref('surveys') }} as surveys using (survey)
left join moves using (survey, item, year, breakdown, group_key)
