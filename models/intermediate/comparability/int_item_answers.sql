-- Grain: one row per survey, year, item and canonical answer that the wave's form offers (or that can be derived from it), with
-- the label that the wave delivered for it.
with

offered as (
    select
        columns.survey,
        columns.year,
        columns.item,
        coalesce(columns.option, code_lists.answer) as answer,
        -- An option is a column of its own, whose code list only says ticked or not.
        min(case when columns.option is null then code_lists.label end) as label_delivered
    from {{ ref('stg_columns') }} as columns
    left join {{ ref('code_lists') }} as code_lists on columns.code_list = code_lists.code_list
    where columns.ignored_reason is null
    group by columns.survey, columns.year, columns.item, coalesce(columns.option, code_lists.answer)
)

select survey, year, item, answer, label_delivered
from offered
where answer is not null and not {{ is_no_answer('answer') }}
union all
select survey, year, item, {{ each_of('derived_answers') }} as answer, null as label_delivered
from {{ ref('stg_item_waves') }}
