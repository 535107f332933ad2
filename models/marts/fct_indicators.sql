-- Grain: one row per indicator, survey, year, breakdown, group and basis.
-- Percent kinds and nets are in percent (0-100) and percentage points; NPS in points (-100 to 100); a mean in its own
-- unit.
with

estimates as (
    select * from {{ ref('int_estimates') }}
),

-- Every place of a series: values first, then the gaps that no value fills.
places as (
    select *, null as gap_status, null as status_reason
    from estimates
    union all by name
    select
        gaps.indicator,
        gaps.survey,
        gaps.year,
        gaps.breakdown,
        gaps.group_key,
        gaps.basis,
        gaps.unit,
        'computed' as source,
        gaps.obs_status as gap_status,
        gaps.status_reason,
    from {{ ref('int_indicator_gaps') }} as gaps
    anti join estimates
        on
            gaps.indicator = estimates.indicator
            and gaps.survey = estimates.survey
            and gaps.year = estimates.year
            and gaps.breakdown = estimates.breakdown
            and gaps.group_key = estimates.group_key
            and gaps.basis = estimates.basis
),

flagged as (
    select
        places.*,
        surveys.inference_scope,
        series.series_segment,
        series.change_ids,
        series.previous_year,
        series.comparable_with_previous as series_comparable,
        max(case when places.value is not null then places.year end) over (
            partition by places.indicator, places.survey, places.breakdown, places.group_key, places.basis
            order by places.year
            rows between unbounded preceding and 1 preceding
        ) as previous_value_year,
        {{ obs_status_all({
            'B': 'series.is_first_of_segment',
            'O': "places.gap_status = 'O'",
            'M': "places.gap_status = 'M'",
            'L': "places.gap_status = 'L'",
            'Q': "places.gap_status = 'Q'",
            'S': 'events.year is not null',
            'D': 'series.definition_differs',
            'U': 'places.base_n < 50',
        }) }} as obs_status_all,
    from places
    inner join {{ ref('dim_survey') }} as surveys
        on places.survey = surveys.survey
    left join {{ ref('int_series') }} as series
        on
            places.survey = series.survey
            and places.indicator = series.series
            and places.year = series.year
            and places.basis = series.basis
    left join {{ ref('int_events') }} as events
        on
            places.survey = events.survey
            and places.year = events.year
            and places.breakdown = events.breakdown
            and places.group_key = events.group_key
)

select
    indicator,
    survey,
    year,
    breakdown,
    group_key,
    basis,
    value,
    unit,
    base_n,
    base_weighted,
    n_eff,
    deff,
    se,
    ci_low,
    ci_high,
    moe_report,
    series_segment,
    -- A comparison needs the group's value in both waves.
    case when value is not null and previous_value_year = previous_year then series_comparable end
        as comparable_with_previous,
    change_ids,
    left(obs_status_all, 1) as obs_status,
    obs_status_all,
    status_reason,
    case when contains(obs_status_all, 'Q') then 'C' else 'F' end as conf_status,
    inference_scope,
    source,
from flagged
