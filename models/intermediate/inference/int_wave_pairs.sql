{{ config(materialized='view') }}
-- Grain: one row per survey, series, breakdown, group, basis and pair of waves with a value. Of an indicator: neighbours, first
-- wave of the segment to every later one, and every wave to the newest; of an answer: neighbours, and first wave of the newest
-- segment to the newest wave. A pair across a break says what breaks it. Like for like, an earlier wave that was cut down to the
-- universe of the newer one is held against what that published, where its own like-for-like value is of a later universe.
-- noqa: disable=LT02
with

-- The waves in which a group has a value, with their segments.
spans as materialized (
    select
        series_no, group_no, basis,
        list_sort(list(struct_pack(year, series_segment))) as waves,
        list_transform(waves, lambda wave: wave['year']) as years,
        list_transform(waves, lambda wave: wave['series_segment']) as segments
    from {{ ref('int_series_values') }}
    where value is not null
    group by series_no, group_no, basis
),

values_by_wave as materialized (
    select
        *,
        {{ test_moments() }},
        years[list_position(years, year) - 1] as year_before,
        years[list_position(segments, series_segment)] as first_of_segment,
        years[-1] as newest_year
    from {{ ref('int_series_values') }}
    inner join spans using (series_no, group_no, basis)
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

-- What breaks a series, in words.
breaks as (
    select
        series_no, basis, place,
        list(struct_pack(year, reason := break_reason, other := other_break_reason) order by year) as breaks
    from {{ ref('int_segments') }}
    where is_first_of_segment
    group by series_no, basis, place
),

pairs as (
    select
        newer.series_no,
        newer.group_no,
        newer.survey, newer.series, newer.series_type, newer.item, newer.answer, newer.unit,
        newer.breakdown, newer.group_key, newer.basis, newer.place, newer.is_own,
        older.year as year_from,
        newer.year as year_to,
        older.value as value_from,
        newer.value as value_to,
        older.is_calibrated or newer.is_calibrated as is_calibrated,
        {% for column in [
            'base_n', 'n_eff', 'obs_status_all', 'moe_report', 'test_n', 'test_variance', 'test_mean', 'test_square', 'test_rounding'
        ] %}
        older.{{ column }} as {{ column }}_from,
        newer.{{ column }} as {{ column }}_to{{ ',' if not loop.last }}
        {% endfor %}
    from values_by_wave as older
    inner join newer_values as newer using (series_no, group_no, basis)
    where
        older.year < newer.year
        and newer.is_own = coalesce(
            older.basis = 'like_for_like'
            and older.like_for_like_no = newer.own_no
            and newer.own_no != newer.like_for_like_no, false
        )
        and case
            when older.year = newer.year_before then true
            when newer.series_type = 'indicator' then older.year = newer.first_of_segment or newer.year = newer.newest_year
            else older.year = newer.first_of_segment and newer.year = newer.newest_year
        end
)

select
    pairs.* exclude (is_own, place),
    {{ test_limits() }},
    nullif(array_to_string(list_transform(
        list_filter(
            breaks,
            lambda found: found['year'] > year_from and found['year'] <= year_to and (not is_own or found['other'] is not null)
        ),
        lambda found: concat(found['year'], ': ', if(is_own, found['other'], found['reason']))
    ), ' '), '') as not_comparable_reason
from pairs
left join breaks using (series_no, basis, place)
