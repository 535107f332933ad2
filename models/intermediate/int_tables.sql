-- Grain: one row per survey, year, single-choice item, basis, breakdown, group and answer given by anybody: the cells of the
-- two-way table of answers by groups, as proportions of the table, with those of its margins.
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
        everybody.respondents_n,
    from {{ ref('int_released_cells') }} as cells
    inner join {{ ref('items') }} as items
        on cells.survey = items.survey and cells.item = items.item
    inner join {{ ref('waves') }} as waves
        on cells.survey = waves.survey and cells.year = waves.year
    inner join {{ ref('int_composition') }} as everybody
        on cells.survey = everybody.survey and cells.year = everybody.year and everybody.breakdown = 'total'
    -- A table that lost an answer or a group is no table to test.
    anti join {{ ref('int_withheld_answers') }} as answers
        on cells.survey = answers.survey and cells.year = answers.year and cells.item = answers.item
    anti join {{ ref('int_withheld_places') }} as places
        on
            cells.survey = places.survey
            and cells.year = places.year
            and cells.item = places.item
            and cells.breakdown = places.breakdown
    where items.type in ('single', 'scale') and cells.answer != '_base'
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
        sum_w,
        sum_w2,
        sum(n) over in_table as table_n,
        sum(sum_w) over in_table as table_w,
        sum(sum_w) over (partition by survey, year, item, basis, breakdown, group_key) as group_w,
        sum(sum_w) over (partition by survey, year, item, basis, breakdown, answer) as answer_w,
    from cells
    window in_table as (partition by survey, year, item, basis, breakdown)
),

-- Margins are summed as exact decimals; from here on doubles.
margins_as_doubles as (
    select
        * exclude (sum_w, sum_w2, table_w, group_w, answer_w),
        {% for sums in ['sum_w', 'sum_w2', 'table_w', 'group_w', 'answer_w'] %}
        cast({{ sums }} as double) as {{ sums }},
        {% endfor %}
    from margins
)

select
    *,
    sum_w / table_w as p,
    group_w / table_w as p_group,
    answer_w / table_w as p_answer,
from margins_as_doubles
