-- Grain: one row per survey, year, single-choice item, basis, breakdown, group and answer given by anybody: the cells of the
-- two-way table of answers by groups, as proportions of the table, with those of its margins. `table_no` numbers the tables, to
-- group by. `group_n` and `group_k`: respondents of the group in the table, and what their weights leave of them.
-- noqa: disable=LT02
with

released as (
    select * from {{ ref('int_released_cells') }} where conf_status != 'C'
),

item_waves as (
    select
        row_number() over () as item_wave_no,
        items.survey,
        waves.year,
        items.item,
        waves.weight_column is not null as is_weighted,
        everybody.n as respondents_n
    from {{ ref('items') }} as items
    inner join {{ ref('item_types') }} as types using (type)
    inner join {{ ref('waves') }} as waves using (survey)
    inner join released as everybody
        on waves.survey = everybody.survey and waves.year = everybody.year
    where types.answers_add_up and types.has_shares and everybody.item = '_respondents' and everybody.breakdown = 'total'
),

cells as materialized (
    select item_waves.*, basis, breakdown, group_key, answer, n, sum_w, sum_w2
    from released
    inner join item_waves using (survey, year, item)
    where answer not in ('_base', '_asked', '_valid')
),

tables as (
    select item_wave_no, basis, breakdown, row_number() over () as table_no, sum(n) as table_n, sum(sum_w) as table_w
    from cells
    group by item_wave_no, basis, breakdown
),

numbered as materialized (
    select *
    from cells
    inner join tables using (item_wave_no, basis, breakdown)
),

groups as (
    select table_no, group_key, sum(n) as group_n, sum(sum_w) as group_w, sum(sum_w2) as group_w2
    from numbered
    group by table_no, group_key
),

answers as (
    select table_no, answer, sum(sum_w) as answer_w
    from numbered
    group by table_no, answer
),

-- Margins are summed as exact decimals; from here on doubles.
margins as (
    select
        * exclude (item_wave_no, sum_w, sum_w2, table_w, group_w, group_w2, answer_w),
        sum_w as exact_w,
        {% for sums in ['sum_w', 'sum_w2', 'table_w', 'group_w', 'group_w2', 'answer_w'] %}
        cast({{ sums }} as double) as {{ sums }}{{ ',' if not loop.last }}
        {% endfor %}
    from numbered
    inner join groups using (table_no, group_key)
    inner join answers using (table_no, answer)
)

select
    * exclude (group_w, group_w2, answer_w),
    group_w * group_w / group_w2 as group_k,
    sum_w / table_w as p,
    group_w / table_w as p_group,
    answer_w / table_w as p_answer
from margins
