{{ config(meta={'dagster': {'ref': {'name': 'int_cells'}}}) }}
-- Nobody is lost or doubled in the cube: the groups of a breakdown add up to the total, in respondents and in weights, but for
-- those who have no group in it. Nobody answers more often than there are people. A cube of whole numbers is exact.
with

cells as (
    select survey, year, item, answer, basis, breakdown, n, sum_w from {{ ref('int_cells') }}
),

totals as (
    select * from cells where breakdown = 'total'
),

everybody as (
    select survey, year, n, sum_w from totals where item = '_respondents'
),

grouped as (
    select survey, year, item, answer, basis, breakdown, sum(n) as n, sum(sum_w) as sum_w
    from cells
    group by survey, year, item, answer, basis, breakdown
),

-- Who has no group in a breakdown of the wave.
ungrouped as (
    select survey, year, grouped.breakdown, everybody.n - grouped.n as n, everybody.sum_w - grouped.sum_w as sum_w
    from grouped
    inner join everybody using (survey, year)
    where grouped.item = '_respondents'
),

compared as (
    select survey, year, grouped.breakdown, totals.n - grouped.n as missing_n, totals.sum_w - grouped.sum_w as missing_w
    from grouped
    inner join totals using (survey, year, item, answer, basis)
)

select
    survey,
    year,
    breakdown,
    count(*) as row_n
from compared
inner join ungrouped using (survey, year, breakdown)
where
    compared.missing_n not between 0 and ungrouped.n
    or compared.missing_w not between 0 and ungrouped.sum_w
    or (compared.missing_n = 0) != (compared.missing_w = 0)
group by survey, year, breakdown
union all
select
    survey,
    year,
    totals.item as breakdown,
    count(*) as row_n
from totals
inner join everybody using (survey, year)
where totals.n > everybody.n or totals.sum_w > everybody.sum_w
group by survey, year, totals.item
