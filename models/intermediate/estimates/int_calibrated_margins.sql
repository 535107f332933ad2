{{ config(materialized='view') }}
-- Grain: one row per survey, measure and year whose value in the whole sample is a margin that the wave's weights were calibrated
-- to: a share of answers that make up whole groups of a breakdown in population.csv. It is fixed, so it has no sampling error.
with

margins as (
    select distinct survey, year, breakdown
    from {{ ref('population') }}
    semi join (select survey, year from {{ ref('waves') }} where weight_column is not null) using (survey, year)
),

groups as (
    select
        margins.survey,
        margins.year,
        margins.breakdown,
        breakdowns.source_item as item,
        string_split(breakdowns.answers, '|') as answers
    from margins
    inner join {{ ref('breakdowns') }} as breakdowns
        on
            margins.survey = breakdowns.survey
            and margins.breakdown = breakdowns.breakdown
            and {{ in_range('margins.year', 'breakdowns') }}
    where breakdowns.answers is not null
),

shares as (
    select
        series.survey,
        series.measure,
        series.year,
        series.item
    from {{ ref('int_series_waves') }} as series
    inner join groups using (survey, year, item)
    where series.is_proportion and list_has_any(groups.answers, series.positive)
    group by series.survey, series.measure, series.year, series.item, series.positive, groups.breakdown
    having
        bool_and(list_has_all(series.positive, groups.answers))
        and list_has_all(flatten(list(groups.answers)), series.positive)
)

select distinct survey, measure, year, item from shares
