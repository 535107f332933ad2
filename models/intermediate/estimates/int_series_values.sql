-- Grain: one row per survey, series, year, breakdown, group and basis: the value with its flags, or why there is none. A printed
-- value fills the gap of a wave that has not landed.
with

computed as (
    select
        waves.series_type,
        waves.series,
        waves.answer,
        waves.unit,
        estimates.* exclude (measure),
        case
            when estimates.base_n is null
                then {{ empty_reason('nobody in this group gave an answer that this indicator counts') }}
        end as gap,
        left(gap, 1) as gap_status, substr(gap, 4) as gap_reason,
        'computed' as source
    from {{ ref('int_series_waves') }} as waves
    inner join {{ ref('int_estimates') }} as estimates using (survey, measure, item, year)
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
located as (
    select placed.*, coalesce(reached.place, '*') as place, {{ unreliable_reason('placed') }} as unreliable_reason
    from placed
    left join (select distinct survey, place from {{ ref('int_segments') }}) as reached
        on placed.survey = reached.survey and concat(placed.breakdown, ':', placed.group_key) = reached.place
),

flagged as (
    select
        located.*,
        nullif(concat_ws(
            '; ', located.gap_reason, wave_weights.weight_note, located.unreliable_reason,
            case when located.is_calibrated then {{ calibrated_reason() }} end
        ), '') as status_reason,
        segments.own_no,
        segments.like_for_like_no,
        segments.series_segment,
        segments.change_ids,
        segments.previous_year,
        segments.comparable_with_previous as segment_comparable,
        max(case when located.value is not null then located.year end) over (
            partition by located.survey, located.series, located.breakdown, located.group_key, located.basis
            order by located.year
            rows between unbounded preceding and 1 preceding
        ) as previous_value_year,
        {{ obs_status_all({
            'B': 'segments.is_first_of_segment',
            'O': "located.gap_status = 'O'",
            'M': "located.gap_status = 'M'",
            'L': "located.gap_status = 'L'",
            'Q': "located.gap_status = 'Q'",
            'S': 'coalesce(group_waves.has_event, false)',
            'D': 'segments.definition_differs or wave_weights.weight_note is not null',
            'U': 'located.unreliable_reason is not null',
        }) }} as obs_status_all
    from located
    left join {{ ref('int_segments') }} as segments using (survey, series, year, basis, place)
    left join {{ ref('int_group_waves') }} as group_waves using (survey, breakdown, group_key, year)
    left join {{ ref('int_wave_weights') }} as wave_weights
        on located.survey = wave_weights.survey and located.year = wave_weights.year and located.value is not null
)

select
    * exclude (gap, gap_reason, unreliable_reason, previous_year, segment_comparable, previous_value_year),
    -- A comparison needs the group's value in both waves.
    case when value is not null and previous_value_year = previous_year then segment_comparable end as comparable_with_previous,
    case when contains(obs_status_all, 'Q') then 'C' else {{ released_conf_status() }} end as conf_status,
    {{ noise_sd_n() }} as noise_sd_n
from flagged
