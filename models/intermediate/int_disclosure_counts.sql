-- Grain: one row per survey, year, table family, breakdown, group and count that profile `open` must keep safe in it.
-- A table family holds the items that are derived from one another, on both bases: what is withheld in one could be
-- recomputed from another. Withheld answers count as one; an option of a set as chosen and as not chosen. The group
-- `_rest` is everybody in no group of the breakdown, which the total gives away. The item `_respondents` is the size.
with

families as (
    select * from {{ ref('int_table_families') }}
),

withheld as (
    select * from {{ ref('int_withheld_answers') }}
),

cells as (
    select
        cells.survey,
        cells.year,
        families.family,
        families.type,
        cells.breakdown,
        cells.group_key,
        concat_ws(':', cells.basis, cells.item) as table_key,
        case when withheld.answer is null then cells.answer else '_withheld' end as answer,
        sum(cells.n) as n,
        sum(cells.nonzero_n) as nonzero_n,
    from {{ ref('int_cells') }} as cells
    inner join families
        on cells.survey = families.survey and cells.item = families.item
    left join withheld
        on
            cells.survey = withheld.survey
            and cells.year = withheld.year
            and cells.item = withheld.item
            and cells.answer = withheld.answer
    where {{ is_open() }} and (families.type in ('single', 'scale') or withheld.answer is null)
    group by all
    union all
    select
        survey,
        year,
        '_respondents' as family,
        'single' as type,
        breakdown,
        group_key,
        '_respondents' as table_key,
        '_base' as answer,
        respondents_n as n,
        0 as nonzero_n,
    from {{ ref('int_composition') }}
    where {{ is_open() }}
),

bases as (
    select survey, year, table_key, breakdown, group_key, n
    from cells
    where answer = '_base'
),

counts as (
    select survey, year, family, table_key, breakdown, group_key, answer, n
    from cells
    union all
    select survey, year, family, table_key, breakdown, group_key, answer, n
    from {{ ref('int_disclosure_bases') }}
    union all
    select survey, year, family, table_key, breakdown, group_key, answer, n
    from {{ ref('int_disclosure_overlaps') }}
    union all
    -- The sums of a channel that one person gave points are that person's points.
    select survey, year, family, table_key, breakdown, group_key, concat('given:', answer) as answer, nonzero_n as n
    from cells
    where type = 'allocation' and answer != '_base'
    union all
    select
        cells.survey,
        cells.year,
        cells.family,
        cells.table_key,
        cells.breakdown,
        cells.group_key,
        concat('not ', cells.answer) as answer,
        bases.n - case when cells.type = 'allocation' then cells.nonzero_n else cells.n end as n,
    from cells
    inner join bases
        on
            cells.survey = bases.survey
            and cells.year = bases.year
            and cells.table_key = bases.table_key
            and cells.breakdown = bases.breakdown
            and cells.group_key = bases.group_key
    where cells.type in ('multi', 'open_coded', 'allocation') and cells.answer != '_base'
),

grouped as (
    select survey, year, breakdown, family, table_key, answer, sum(n) as n
    from counts
    where breakdown != 'total'
    group by all
),

breakdowns as (
    select distinct survey, year, family, breakdown
    from grouped
),

rests as (
    select
        totals.survey,
        totals.year,
        totals.family,
        totals.table_key,
        breakdowns.breakdown,
        '_rest' as group_key,
        totals.answer,
        totals.n - coalesce(grouped.n, 0) as n,
    from counts as totals
    inner join breakdowns
        on
            totals.survey = breakdowns.survey
            and totals.year = breakdowns.year
            and totals.family = breakdowns.family
    left join grouped
        on
            totals.survey = grouped.survey
            and totals.year = grouped.year
            and totals.table_key = grouped.table_key
            and totals.answer = grouped.answer
            and breakdowns.breakdown = grouped.breakdown
    where totals.breakdown = 'total'
)

select survey, year, family, table_key, breakdown, group_key, answer, n
from counts
where breakdown != 'total'
union all
select survey, year, family, table_key, breakdown, group_key, answer, n
from rests
where n > 0
