-- Grain: one row per survey, series, year, breakdown, group and basis: the value with its flags, or why there is none. A printed
-- value fills the gap of a wave that has not landed.
with

computed as (
    select
        waves.series_type,
        waves.series,
        waves.answer,
        waves.unit,
        estimates.* exclude (measure, respondents_n, is_proportion, weight_note),
        case when estimates.value is not null then estimates.weight_note end as weight_note,
        case
            when estimates.base_n is null
                then {{ empty_reason('nobody in this group gave an answer that this indicator counts') }}
        end as gap,
        left(gap, 1) as gap_status, substr(gap, 4) as gap_reason,
        'computed' as source
    from {{ ref('int_series_waves') }} as waves
    inner join {{ ref('int_estimates') }} as estimates using (measure_no)
    where waves.is_offered
),

printed as (
    select
        'indicator' as series_type,
        indicator as series,
        survey,
        item,
        unit,
        year,
        breakdown,
        group_key,
        'as_published' as basis,
        value,
        base_n,
        case when kind = 'share' then 100 * {{ margin_report('value / 100', 'base_n') }} end as moe_report,
        'published' as source
    from {{ ref('int_printed_indicators') }}
),

placed as (
    select * from computed
    union all by name
    select * from printed
    union all by name
    select gaps.* rename (status_reason as gap_reason), 'computed' as source from {{ ref('int_series_gaps') }} as gaps
    anti join printed using (survey, series, year, breakdown, group_key, basis)
),

-- Groups that a change reaches have segments of their own.
groups as (
    select survey, breakdown, group_key, group_no, places.place, list(year) filter (where has_event) as event_years
    from {{ ref('int_group_waves') }}
    left join {{ group_places() }} as places using (survey, breakdown, group_key)
    group by survey, breakdown, group_key, group_no, places.place
),

located as (
    select
        placed.*,
        groups.group_no,
        coalesce(groups.place, '*') as place,
        coalesce(list_contains(groups.event_years, placed.year), false) as has_event,
        {{ unreliable_reason('placed') }} as unreliable_reason
    from placed
    left join groups using (survey, breakdown, group_key)
),

flagged as (
    select
        located.*,
        nullif(concat_ws(
            '; ', located.gap_reason, located.weight_note, located.unreliable_reason,
            case when located.is_calibrated then {{ calibrated_reason() }} end
        ), '') as status_reason,
        segments.series_no, segments.own_no, segments.like_for_like_no,
        segments.series_segment, segments.change_ids, segments.previous_year, segments.comparable_with_previous,
        {{ obs_status_all({
            'B': 'segments.is_first_of_segment',
            'O': "located.gap_status = 'O'",
            'M': "located.gap_status = 'M'",
            'L': "located.gap_status = 'L'",
            'Q': "located.gap_status = 'Q'",
            'S': 'located.has_event',
            'D': 'segments.definition_differs or located.weight_note is not null',
            'U': 'located.unreliable_reason is not null',
        }) }} as obs_status_all
    from located
    left join {{ ref('int_segments') }} as segments using (survey, series, year, basis, place)
)

select
    * exclude (gap, gap_reason, gap_status, has_event, weight_note, unreliable_reason, scale_low, scale_high),
    case when contains(obs_status_all, 'Q') then 'C' else {{ released_conf_status() }} end as conf_status,
    {{ noise_sd_n() }} as noise_sd_n
from flagged
