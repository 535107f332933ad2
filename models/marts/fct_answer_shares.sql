-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for every answer the wave's form
-- offered.
with

-- Every place of a series: values, and the gaps of the answers the wave's form offered.
places as (
    select *, null as gap_status, null as status_reason
    from {{ ref('int_shares') }}
    union all by name
    select
        survey,
        year,
        item,
        answer,
        breakdown,
        group_key,
        basis,
        gap_status,
        status_reason,
    from {{ ref('int_answer_gaps') }}
),

flagged as (
    select
        places.*,
        surveys.inference_scope,
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
            and concat('item:', places.item) = series.series
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
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    base_n,
    base_w as base_weighted,
    answer_n,
    100 * p as share_pct,
    100 * se as se_pp,
    100 * ci_low as ci_low_pct,
    100 * ci_high as ci_high_pct,
    100 * moe_report as moe_report_pp,
    n_eff,
    deff,
    left(obs_status_all, 1) as obs_status,
    obs_status_all,
    status_reason,
    case when contains(obs_status_all, 'Q') then 'C' else 'F' end as conf_status,
    inference_scope,
from flagged
