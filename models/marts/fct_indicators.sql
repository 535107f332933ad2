-- Grain: one row per indicator, survey, year, breakdown, group and basis. Percent kinds and nets are in percent
-- (0-100) and percentage points; NPS in points (-100 to 100); a mean in its own unit.
with

moments as (
    select
        moments.*,
        indicators.kind,
        indicators.unit,
        waves.respondents_n,
        moments.sum_wy / moments.sum_w as y_mean,
        {{ n_eff_kish('moments.sum_w', 'moments.sum_w2') }} as n_eff_kish,
        case when indicators.kind = 'mean' then 1 else 100 end as factor,
        indicators.kind in ('share', 'position_share') as is_proportion,
    from {{ ref('int_moments') }} as moments
    inner join {{ ref('dim_indicator') }} as indicators
        on moments.survey = indicators.survey and moments.indicator = indicators.indicator
    inner join {{ ref('dim_wave') }} as waves
        on moments.survey = waves.survey and moments.year = waves.year
),

estimated as (
    select
        *,
        sqrt({{ taylor_variance('respondents_n', 'sum_w', 'y_mean', 'sum_w2', 'sum_w2y', 'sum_w2y2') }}) as se,
        greatest(sum_wy2 / sum_w - y_mean * y_mean, 0) / base_n as srs_variance,
        {{ t_quantile('(base_n - 1)') }} as t,
    from moments
),

bounded as (
    select
        *,
        se * se / nullif(srs_variance, 0) as deff,
        case
            when is_proportion then {{ share_bound(-1, 'y_mean', 'se', 't', 'n_eff_kish') }}
            else y_mean - t * se
        end as ci_low,
        case
            when is_proportion then {{ share_bound(1, 'y_mean', 'se', 't', 'n_eff_kish') }}
            else y_mean + t * se
        end as ci_high,
        case when is_proportion then {{ margin_report('y_mean', 'base_n') }} end as moe_report,
    from estimated
),

estimates as (
    select
        indicator,
        survey,
        year,
        breakdown,
        group_key,
        basis,
        factor * y_mean as value,
        unit,
        base_n,
        sum_w as base_weighted,
        coalesce(base_n / deff, n_eff_kish) as n_eff,
        deff,
        factor * se as se,
        factor * ci_low as ci_low,
        factor * ci_high as ci_high,
        factor * moe_report as moe_report,
        'computed' as source,
    from bounded
    union all
    select
        indicator,
        survey,
        year,
        breakdown,
        group_key,
        'as_published' as basis,
        value,
        unit,
        base_n,
        null as base_weighted,
        null as n_eff,
        null as deff,
        null as se,
        null as ci_low,
        null as ci_high,
        case when kind = 'share' then 100 * {{ margin_report('value / 100', 'base_n') }} end as moe_report,
        'published' as source,
    from {{ ref('int_published_indicators') }}
),

gaps as (
    select
        gaps.survey,
        indicators.indicator,
        indicators.unit,
        gaps.year,
        gaps.breakdown,
        gaps.group_key,
        gaps.basis,
        gaps.obs_status,
        gaps.status_reason,
    from {{ ref('int_gaps') }} as gaps
    inner join {{ ref('dim_indicator') }} as indicators
        on gaps.survey = indicators.survey and gaps.item = indicators.item
    anti join {{ ref('int_indicator_waves') }} as unoffered
        on
            gaps.survey = unoffered.survey
            and indicators.indicator = unoffered.indicator
            and gaps.year = unoffered.year
            and not unoffered.is_offered
    union all
    select
        waves.survey,
        waves.indicator,
        indicators.unit,
        waves.year,
        'total' as breakdown,
        'total' as group_key,
        'as_published' as basis,
        'L' as obs_status,
        'the form of this wave does not offer the answers' as status_reason,
    from {{ ref('int_indicator_waves') }} as waves
    inner join {{ ref('dim_indicator') }} as indicators
        on waves.survey = indicators.survey and waves.indicator = indicators.indicator
    where not waves.is_offered
    union all
    select
        waves.survey,
        waves.indicator,
        indicators.unit,
        waves.year,
        cells.breakdown,
        cells.group_key,
        cells.basis,
        'Q' as obs_status,
        'withheld: small base or small count' as status_reason,
    from {{ ref('int_indicator_waves') }} as waves
    inner join {{ ref('dim_indicator') }} as indicators
        on waves.survey = indicators.survey and waves.indicator = indicators.indicator
    inner join {{ ref('fct_cells') }} as cells
        on
            waves.survey = cells.survey
            and waves.item = cells.item
            and waves.year = cells.year
            and cells.answer = '_base'
    anti join {{ ref('int_moments') }} as released
        on
            waves.survey = released.survey
            and waves.indicator = released.indicator
            and waves.year = released.year
            and cells.breakdown = released.breakdown
            and cells.group_key = released.group_key
            and cells.basis = released.basis
    where waves.is_offered and {{ is_open() }}
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
    from gaps
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
        series.comparable_with_previous,
        series.change_ids,
        {{ obs_status_all({
            'B': 'series.is_first_of_segment',
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
    comparable_with_previous,
    change_ids,
    left(obs_status_all, 1) as obs_status,
    obs_status_all,
    status_reason,
    case when contains(obs_status_all, 'Q') then 'C' else 'F' end as conf_status,
    inference_scope,
    source,
from flagged
