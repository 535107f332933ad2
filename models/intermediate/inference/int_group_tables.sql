-- Grain: one row per survey, year, single-choice item, basis, breakdown, group and answer given by anybody: the cells of the
-- two-way table of answers by groups, as proportions of the table, with those of its margins.
-- noqa: disable=LT02
with

cells as (
    select
        cells.survey,
        cells.year,
        cells.item,
        cells.basis,
        cells.breakdown,
        cells.group_key,
        cells.answer,
        cells.n,
        cells.sum_w,
        cells.sum_w2,
        waves.weight_column is not null as is_weighted,
        everybody.n as respondents_n
    from {{ ref('int_released_cells') }} as cells
    inner join {{ ref('items') }} as items using (survey, item)
    inner join {{ ref('item_types') }} as types using (type)
    inner join {{ ref('waves') }} as waves using (survey, year)
    inner join {{ ref('int_released_cells') }} as everybody
        on
            cells.survey = everybody.survey
            and cells.year = everybody.year
            and everybody.item = '_respondents'
            and everybody.breakdown = 'total'
    where
        types.answers_add_up
        and types.has_shares
        and cells.answer not in ('_base', '_asked', '_valid')
        and cells.conf_status != 'C'
),

margins as (
    select
        survey,
        year,
        item,
        basis,
        breakdown,
        group_key,
        answer,
        respondents_n,
        is_weighted,
        n,
        sum_w,
        sum_w as exact_w,
        sum_w2,
        sum(n) over in_table as table_n,
        sum(sum_w) over in_table as table_w,
        sum(sum_w) over (partition by survey, year, item, basis, breakdown, group_key) as group_w,
        sum(sum_w) over (partition by survey, year, item, basis, breakdown, answer) as answer_w
    from cells
    window in_table as (partition by survey, year, item, basis, breakdown)
),

-- Margins are summed as exact decimals; from here on doubles.
margins_as_doubles as (
    select
        * exclude (sum_w, sum_w2, table_w, group_w, answer_w),
        {% for sums in ['sum_w', 'sum_w2', 'table_w', 'group_w', 'answer_w'] %}
        cast({{ sums }} as double) as {{ sums }}{{ ',' if not loop.last }}
        {% endfor %}
    from margins
)

select
    *,
    sum_w / table_w as p,
    group_w / table_w as p_group,
    answer_w / table_w as p_answer
from margins_as_doubles
