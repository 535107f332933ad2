-- Grain: one row per survey, series, breakdown, group, basis and pair of waves with a value: neighbours, first wave of the segment to
-- every later one, and every wave to the newest. A pair across a break says what breaks it and has no change.
{% set place = ['survey', 'series', 'breakdown', 'group_key', 'basis'] %}
with

values_by_wave as (
    select
        *,
        power({{ test_se() }}, 2) as test_variance,
        coalesce(n_eff, base_n) as test_n_eff,
        lag(year) over (partition by {{ place | join(', ') }} order by year) as previous_year,
        min(year) over (partition by {{ place | join(', ') }}, series_segment) as first_of_segment,
        max(year) over (partition by {{ place | join(', ') }}) as newest_year
    from {{ ref('int_series_values') }}
    where value is not null
),

pairs as (
    select {{ place | join(', ') }}, previous_year as year_from, year as year_to
    from values_by_wave
    where previous_year is not null
    union
    select {{ place | join(', ') }}, first_of_segment as year_from, year as year_to
    from values_by_wave
    where first_of_segment < year
    union
    select {{ place | join(', ') }}, year as year_from, newest_year as year_to
    from values_by_wave
    where year < newest_year
),

-- What breaks the series between two waves, in words.
breaks as (
    select
        pairs.survey,
        pairs.series,
        pairs.basis,
        pairs.year_from,
        pairs.year_to,
        string_agg(concat(segments.year, ': ', segments.break_reason), ' ' order by segments.year) as not_comparable_reason
    from (select distinct survey, series, basis, year_from, year_to from pairs) as pairs
    inner join {{ ref('int_segments') }} as segments
        on
            pairs.survey = segments.survey
            and pairs.series = segments.series
            and pairs.basis = segments.basis
            and segments.year > pairs.year_from
            and segments.year <= pairs.year_to
    where segments.is_first_of_segment
    group by all
),

older as (
    select *, year as year_from
    from values_by_wave
),

newer as (
    select *, year as year_to
    from values_by_wave
)

select
    {{ place | join(',\n    ') }},
    year_from,
    year_to,
    newer.series_type,
    newer.item,
    newer.answer,
    older.value as value_from,
    newer.value as value_to,
    older.base_n as base_n_from,
    newer.base_n as base_n_to,
    older.moe_report as moe_from,
    newer.moe_report as moe_to,
    older.test_variance as variance_from,
    newer.test_variance as variance_to,
    {{ tested_variance(
        ['older.test_variance', 'older.test_n_eff', 'older.value'], ['newer.test_variance', 'newer.test_n_eff', 'newer.value']
    ) }} + {{ tested_variance(
        ['newer.test_variance', 'newer.test_n_eff', 'newer.value'], ['older.test_variance', 'older.test_n_eff', 'older.value']
    ) }} as change_variance,
    breaks.not_comparable_reason
from pairs
inner join older using ({{ place | join(', ') }}, year_from)
inner join newer using ({{ place | join(', ') }}, year_to)
left join breaks using (survey, series, basis, year_from, year_to)
