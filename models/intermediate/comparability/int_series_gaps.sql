-- Grain: one row per survey, series, year, breakdown, group and basis for which there is no value: the gaps of its item where the
-- form offers what the series counts, and, for an indicator, waves without the item and forms that do not offer its answers.
with

series_waves as (
    select * from {{ ref('int_series_waves') }}
),

gaps as (
    select * from {{ ref('int_gaps') }}
)

select
    series_waves.series_type,
    series_waves.series,
    series_waves.answer,
    series_waves.unit,
    gaps.*
from gaps
inner join series_waves using (survey, item, year)
where series_waves.is_offered
union all
select
    'indicator' as series_type,
    indicators.indicator as series,
    null as answer,
    indicators.unit,
    gaps.*
from gaps
inner join {{ ref('indicators') }} as indicators using (survey, item)
anti join series_waves using (survey, item, year)
union all
select
    series_type,
    series,
    null as answer,
    unit,
    survey,
    item,
    year,
    'total' as breakdown,
    'total' as group_key,
    'as_published' as basis,
    'L' as gap_status,
    'the form of this wave does not offer the answers' as status_reason
from series_waves
where series_type = 'indicator' and not is_offered
