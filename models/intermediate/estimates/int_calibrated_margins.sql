{{ config(materialized='view') }}
-- Grain: one row per survey, measure and year whose value in the whole sample is a margin that the wave's weights were calibrated
-- to: a share of answers that make up whole groups of a breakdown in population.csv, all of whose groups the weights meet. It is
-- fixed, so it has no sampling error. `is_whole_item`: the margin fixes every answer of the item.
with

members as (
    select survey, year, breakdown, group_key, cast(sum_w as double) as sum_w
    from {{ ref('int_cells') }}
    where item = '_respondents'
),

margins as (
    select population.survey, population.year, population.breakdown
    from {{ ref('population') }} as population
    semi join (select survey, year from {{ ref('waves') }} where weight_column is not null) using (survey, year)
    left join members using (survey, year, breakdown, group_key)
    left join (select survey, year, breakdown, sum(sum_w) as all_w from members group by survey, year, breakdown) as wholes
        using (survey, year, breakdown)
    group by population.survey, population.year, population.breakdown
    having
        coalesce(max(abs(100 * members.sum_w / all_w - population.share_pct)), 100) <= {{ limit_of('calibrated_gap') }}
        and count(members.sum_w) = count(*)
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

whole_items as (
    select survey, year, breakdown, item, bool_and(len(answers) = 1) as is_whole_item
    from groups
    group by survey, year, breakdown, item
),

shares as (
    select
        series.survey,
        series.measure,
        series.year,
        series.item,
        any_value(whole_items.is_whole_item) as is_whole_item
    from {{ ref('int_series_waves') }} as series
    inner join groups using (survey, year, item)
    inner join whole_items using (survey, year, breakdown, item)
    where series.is_proportion and list_has_any(groups.answers, series.positive)
    group by series.survey, series.measure, series.year, series.item, series.positive, groups.breakdown
    having
        bool_and(list_has_all(series.positive, groups.answers))
        and list_has_all(flatten(list(groups.answers)), series.positive)
)

select survey, measure, year, item, bool_or(is_whole_item) as is_whole_item
from shares
group by survey, measure, year, item
