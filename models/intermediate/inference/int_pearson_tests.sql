-- Grain: one row per survey, single-choice item, basis, breakdown, year_from and year_to: Pearson's chi-square of a two-way
-- table, the answers by the groups of a breakdown in one wave (test_kind groups) or by two neighbouring waves of the whole
-- sample (waves), with the counts that its margins let one expect.
with

group_cells as (
    select * from {{ ref('int_group_tables') }} where breakdown != 'total'
),

wave_cells as (
    select
        *,
        table_w * table_w / sum(sum_w2) over (partition by survey, item, basis, year_from, year_to, year) as wave_k,
        -dense_rank() over (order by survey, item, basis, year_from, year_to) as table_no
    from {{ ref('int_wave_tables') }}
),

-- Each greatest(..., 0) equals the sum of squared residuals over all cells, the empty ones included.
tests as (
    select
        table_no,
        any_value(survey) as survey, any_value(item) as item, any_value(basis) as basis,
        'groups' as test_kind,
        any_value(breakdown) as breakdown,
        any_value(year) as year_from, any_value(year) as year_to,
        any_value(table_n) as n,
        min(group_n) as smallest_n, min(group_k) as smallest_k,
        0 as left_out_n,
        any_value(table_n) * greatest(sum(p * p / (p_group * p_answer) order by group_key, answer) - 1, 0) as chi_square,
        cast((count(distinct group_key) - 1) * (count(distinct answer) - 1) as integer) as df,
        least(count(distinct group_key), count(distinct answer)) - 1 as smaller_side,
        bool_or(is_weighted) as is_weighted
    from group_cells
    group by table_no
    union all
    select
        table_no,
        any_value(survey) as survey, any_value(item) as item, any_value(basis) as basis,
        'waves' as test_kind,
        'total' as breakdown,
        any_value(year_from) as year_from, any_value(year_to) as year_to,
        any_value(both_n) as n,
        min(table_n) as smallest_n, min(wave_k) as smallest_k,
        any_value(left_out_n) as left_out_n,
        greatest(sum(table_n * p * p / p_pooled order by year, answer) - any_value(both_n), 0) as chi_square,
        cast(count(distinct answer) - 1 as integer) as df,
        1 as smaller_side,
        any_value(is_weighted) as is_weighted
    from wave_cells
    group by table_no
),

-- A cell without respondents has an expected count too, so the margins are crossed anew.
columns as (
    select distinct table_no, group_key as column_key, p_group as p_column
    from group_cells
    union all
    select distinct table_no, cast(year as varchar) as column_key, table_n / both_n as p_column
    from wave_cells
),

answers as (
    select distinct table_no, answer, p_answer
    from group_cells
    union all
    select distinct table_no, answer, p_pooled as p_answer
    from wave_cells
),

expected as (
    select
        table_no,
        min(tests.n * columns.p_column * answers.p_answer) as min_expected_n,
        100 * avg(
            case when tests.n * columns.p_column * answers.p_answer < {{ limit_of('sparse_expected') }} then 1 else 0 end
        ) as expected_below_5_pct
    from tests
    inner join columns using (table_no)
    inner join answers using (table_no)
    group by table_no
)

select
    tests.* exclude (table_no),
    expected.min_expected_n,
    expected.expected_below_5_pct,
    -- Cochran's rule.
    expected.min_expected_n < {{ limit_of('sparse_expected_low') }}
    or expected.expected_below_5_pct > {{ limit_of('sparse_expected_share') }} as is_sparse
from tests
inner join expected using (table_no)
where tests.df > 0
