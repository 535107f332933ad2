{{ config(materialized='view') }}
-- Grain: one row per survey, series, breakdown, group, basis and pair of waves with a value. Of an indicator: neighbours, first
-- wave of the segment to every later one, and every wave to the newest; of an answer: neighbours, and first wave of the newest
-- segment to the newest wave. A pair across a break says what breaks it. Like for like, an earlier wave that was cut down to the
-- universe of the newer one is held against what that published, where its own like-for-like value is of a later universe.
{% set place = ['survey', 'series', 'breakdown', 'group_key', 'basis'] | join(', ') %}
-- noqa: disable=LT02
with

values_by_wave as (
    select
        *,
        {{ test_moments() }},
        lag(year) over (partition by {{ place }} order by year) as previous_year,
        min(year) over (partition by {{ place }}, series_segment) as first_of_segment,
        max(year) over (partition by {{ place }}) as newest_year
    from {{ ref('int_series_values') }}
    where value is not null
),

newer_values as (
    select *, false as is_own
    from values_by_wave
    union all
    select * replace ('like_for_like' as basis), true as is_own
    from values_by_wave
    where basis = 'as_published' and own_no != like_for_like_no
),

pairs as (
    select
        {{ place }},
        newer.series_type,
        newer.item,
        newer.place,
        newer.is_own,
        newer.answer,
        older.year as year_from,
        newer.year as year_to,
        older.value as value_from,
        newer.value as value_to,
        newer.unit,
        older.is_calibrated or newer.is_calibrated as is_calibrated,
        {% for column in [
            'base_n', 'n_eff', 'obs_status_all', 'moe_report', 'test_n', 'test_variance', 'test_mean', 'test_square', 'test_rounding'
        ] %}
        older.{{ column }} as {{ column }}_from,
        newer.{{ column }} as {{ column }}_to{{ ',' if not loop.last }}
        {% endfor %}
    from values_by_wave as older
    inner join newer_values as newer using ({{ place }})
    where
        older.year < newer.year
        and newer.is_own = coalesce(
            older.basis = 'like_for_like'
            and older.like_for_like_no = newer.own_no
            and newer.own_no != newer.like_for_like_no, false
        )
        and case
            when older.year = newer.previous_year then true
            when newer.series_type = 'indicator' then older.year = newer.first_of_segment or newer.year = newer.newest_year
            else older.year = newer.first_of_segment and newer.year = newer.newest_year
        end
),

-- What breaks the series between two waves, in words.
breaks as (
    select
        pairs.survey,
        pairs.series,
        pairs.basis,
        pairs.place,
        pairs.year_from,
        pairs.year_to,
        string_agg(
            concat(segments.year, ': ', if(pairs.is_own, segments.other_break_reason, segments.break_reason)),
            ' ' order by segments.year
        ) as not_comparable_reason
    from (select distinct survey, series, basis, place, year_from, year_to, is_own from pairs) as pairs
    inner join {{ ref('int_segments') }} as segments using (survey, series, basis, place)
    where
        segments.is_first_of_segment
        and (segments.other_break_reason is not null or not pairs.is_own)
        and segments.year > pairs.year_from
        and segments.year <= pairs.year_to
    group by pairs.survey, pairs.series, pairs.basis, pairs.place, pairs.year_from, pairs.year_to
)

select
    pairs.* exclude (is_own),
    {{ test_limits() }},
    breaks.not_comparable_reason
from pairs
left join breaks using (survey, series, basis, place, year_from, year_to)
