-- Grain: one row per survey, item and canonical answer, with the labels the waves delivered for it.
with

delivered as (
    select
        columns.survey,
        columns.item,
        code_lists.answer,
        code_lists.label,
        min(columns.year) as first_year,
        max(columns.year) as last_year,
    from {{ ref('columns') }} as columns
    inner join {{ ref('code_lists') }} as code_lists
        on columns.code_list = code_lists.code_list
    where columns.option is null and columns.ignored_reason is null
    group by all
),

labels as (
    select
        survey,
        item,
        answer,
        string_agg(
            concat(
                label, ' (', case when first_year = last_year then '' else concat(first_year, '-') end, last_year, ')'
            ),
            '; ' order by first_year, label
        ) as labels_delivered,
    from delivered
    group by survey, item, answer
)

select
    items.survey,
    items.item,
    answers.answer,
    answers.label_no,
    answers.label_en,
    answers.sort_order,
    answers.answer_kind,
    cast(answers.numeric_value as double) as numeric_value,
    labels.labels_delivered,
from {{ ref('items') }} as items
inner join {{ ref('answers') }} as answers
    on items.answer_set = answers.answer_set
left join labels
    on items.survey = labels.survey and items.item = labels.item and answers.answer = labels.answer
order by items.survey, items.item, answers.sort_order, answers.answer
