-- Grain: one row per survey, single-choice item, basis, breakdown, year_from and year_to: the table of a chi-square test,
-- with the counts that its margins let one expect. Whole-sample tables of two waves have the breakdown `total`.
with

margins as (
    select
        survey,
        item,
        basis,
        breakdown,
        year as year_from,
        year as year_to,
        table_n as n,
        group_key as column_key,
        p_group as p_column,
        answer,
        p_answer,
    from {{ ref('int_tables') }}
    where breakdown != 'total'
    union all
    select
        survey,
        item,
        basis,
        'total' as breakdown,
        year_from,
        year_to,
        both_n as n,
        cast(year as varchar) as column_key,
        table_n / both_n as p_column,
        answer,
        p_pooled as p_answer,
    from {{ ref('int_wave_tables') }}
),

-- A cell without respondents has an expected count too, so the margins are crossed anew.
columns as (
    select distinct survey, item, basis, breakdown, year_from, year_to, n, column_key, p_column
    from margins
),

answers as (
    select distinct survey, item, basis, breakdown, year_from, year_to, answer, p_answer
    from margins
)

select
    columns.survey,
    columns.item,
    columns.basis,
    columns.breakdown,
    columns.year_from,
    columns.year_to,
    min(columns.n * columns.p_column * answers.p_answer) as min_expected_n,
    100 * avg(case when columns.n * columns.p_column * answers.p_answer < 5 then 1 else 0 end) as expected_below_5_pct,
from columns
inner join answers using (survey, item, basis, breakdown, year_from, year_to)
group by all
