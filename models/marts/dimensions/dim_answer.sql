-- Grain: one row per survey, item and canonical answer, with the labels the waves delivered for it.
with

delivered as (
    select
        survey,
        item,
        answer,
        label_delivered,
        min(year) as first_year,
        max(year) as last_year
    from {{ ref('int_item_answers') }}
    where label_delivered is not null
    group by survey, item, answer, label_delivered
),

labels as (
    select
        survey,
        item,
        answer,
        string_agg(
            concat(
                label_delivered,
                ' (', case when first_year = last_year then '' else concat(first_year, '-') end, last_year, ')'
            ),
            '; ' order by first_year, label_delivered
        ) as labels_delivered
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
    labels.labels_delivered
from {{ ref('items') }} as items
inner join {{ ref('answers') }} as answers using (answer_set)
left join labels
    on items.survey = labels.survey and items.item = labels.item and answers.answer = labels.answer
order by items.survey, items.item, answers.sort_order, answers.answer
