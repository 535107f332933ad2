{{ config(materialized='view') }}
-- Grain: one row per survey, measure and year whose value in the whole sample is a margin that the wave's weights may have been
-- calibrated to: a share of answers that make up whole groups of a breakdown in population.csv, with its share of the population.
with

margins as (
    select *
    from {{ ref('population') }}
    semi join (select survey, year from {{ ref('waves') }} where weight_column is not null) using (survey, year)
),

groups as (
    select
        margins.survey,
        margins.year,
        margins.breakdown,
        margins.share_pct,
        breakdowns.source_item as item,
        string_split(breakdowns.answers, '|') as answers
    from margins
    inner join {{ ref('breakdowns') }} as breakdowns
        on
            margins.survey = breakdowns.survey
            and margins.breakdown = breakdowns.breakdown
            and margins.group_key = breakdowns.group_key
            and {{ in_range('margins.year', 'breakdowns') }}
    where breakdowns.answers is not null
),

shares as (
    select
        series.survey,
        series.measure,
        series.year,
        sum(groups.share_pct) as population_pct
    from (select distinct survey, measure, year, item, positive, is_proportion from {{ ref('int_series_waves') }}) as series
    inner join groups using (survey, year, item)
    where series.is_proportion and list_has_any(groups.answers, series.positive)
    group by series.survey, series.measure, series.year, series.positive, groups.breakdown
    having
        bool_and(list_has_all(series.positive, groups.answers))
        and list_has_all(flatten(list(groups.answers)), series.positive)
)

select survey, measure, year, max(population_pct) as population_pct
from shares
group by survey, measure, year
