-- Grain: one row per survey, single-choice item, basis, pair of neighbouring comparable waves, wave of the pair and answer:
-- the cells of the two-way table of answers by waves, whole sample.
with

totals as (
    select * from {{ ref('int_group_tables') }} where breakdown = 'total'
),

neighbours as (
    select
        survey,
        item,
        basis,
        previous_year as year_from,
        year as year_to
    from {{ ref('int_segments') }}
    where series_type = 'answer' and place = '*'
    group by survey, item, basis, previous_year, year
    having bool_and(comparable_with_previous)
),

sizes as (
    select distinct survey, item, basis, year, table_n, is_weighted
    from totals
),

pairs as (
    select
        neighbours.*,
        older.table_n + newer.table_n as both_n,
        older.is_weighted or newer.is_weighted as is_weighted
    from neighbours
    inner join sizes as older
        on
            neighbours.survey = older.survey
            and neighbours.item = older.item
            and neighbours.basis = older.basis
            and neighbours.year_from = older.year
    inner join sizes as newer
        on
            neighbours.survey = newer.survey
            and neighbours.item = newer.item
            and neighbours.basis = newer.basis
            and neighbours.year_to = newer.year
)

select
    pairs.*,
    totals.year,
    totals.answer,
    totals.table_n,
    totals.table_w,
    totals.respondents_n,
    totals.sum_w2,
    totals.p,
    sum(totals.p * totals.table_n) over (
        partition by pairs.survey, pairs.item, pairs.basis, pairs.year_to, totals.answer
    ) / pairs.both_n as p_pooled
from pairs
inner join totals
    on
        pairs.survey = totals.survey
        and pairs.item = totals.item
        and pairs.basis = totals.basis
        and totals.year in (pairs.year_from, pairs.year_to)
