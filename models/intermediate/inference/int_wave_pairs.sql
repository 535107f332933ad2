{{ config(materialized='view') }}
-- Grain: one row per survey, series, breakdown, group, basis and pair of waves with a value. Of an indicator: neighbours, first
-- wave of the segment to every later one, and every wave to the newest; of an answer: neighbours, and first wave of the newest
-- segment to the newest wave. A pair across a break says what breaks it.
{% set place = ['survey', 'series', 'breakdown', 'group_key', 'basis'] | join(', ') %}
with

values_by_wave as (
    select
        *,
        power({{ test_se() }}, 2) as test_variance,
        coalesce(n_eff, base_n) as test_n_eff,
        lag(year) over (partition by {{ place }} order by year) as previous_year,
        min(year) over (partition by {{ place }}, series_segment) as first_of_segment,
        max(year) over (partition by {{ place }}) as newest_year
    from {{ ref('int_series_values') }}
    where value is not null
),

pairs as (
    select
        {{ place }},
        newer.series_type,
        newer.item,
        newer.place,
        newer.answer,
        older.year as year_from,
        newer.year as year_to,
        older.value as value_from,
        newer.value as value_to,
        older.base_n as base_n_from,
        newer.base_n as base_n_to,
        older.moe_report as moe_from,
        newer.moe_report as moe_to,
        older.test_variance as variance_from,
        newer.test_variance as variance_to,
        older.test_n_eff as n_eff_from,
        newer.test_n_eff as n_eff_to
    from values_by_wave as older
    inner join values_by_wave as newer using ({{ place }})
    where
        older.year < newer.year
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
        string_agg(concat(segments.year, ': ', segments.break_reason), ' ' order by segments.year) as not_comparable_reason
    from (select distinct survey, series, basis, place, year_from, year_to from pairs) as pairs
    inner join {{ ref('int_segments') }} as segments using (survey, series, basis, place)
    where segments.is_first_of_segment and segments.year > pairs.year_from and segments.year <= pairs.year_to
    group by pairs.survey, pairs.series, pairs.basis, pairs.place, pairs.year_from, pairs.year_to
)

select
    pairs.*,
    {{ tested_variance(['variance_from', 'n_eff_from', 'value_from'], ['variance_to', 'n_eff_to', 'value_to']) }}
    + {{ tested_variance(['variance_to', 'n_eff_to', 'value_to'], ['variance_from', 'n_eff_from', 'value_from']) }}
        as change_variance,
    breaks.not_comparable_reason
from pairs
left join breaks using (survey, series, basis, place, year_from, year_to)
