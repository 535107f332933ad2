-- Grain: one row per survey, year and delivered column that the codebook knows: the item and option it holds, or why it is
-- ignored. A column of columns.csv stands in every declared wave of its range; an open range goes on to the newest wave.
-- `is_number`: the column holds numbers, and its code list, if it has one, names the codes among them that are no answers.
with

lists as (
    select code_list, bool_and({{ is_no_answer('answer') }}) as names_no_answers
    from {{ ref('code_lists') }}
    group by code_list
)

select
    columns.survey,
    waves.year,
    columns.column_name,
    columns.item,
    columns.option,
    columns.code_list,
    columns.blank_means,
    columns.ignored_reason,
    columns.code_list is null or (coalesce(types.has_numbers, false) and coalesce(lists.names_no_answers, false)) as is_number
from {{ ref('columns') }} as columns
inner join {{ ref('waves') }} as waves
    on columns.survey = waves.survey and {{ in_range('waves.year', 'columns') }}
left join {{ ref('items') }} as items on columns.survey = items.survey and columns.item = items.item
left join {{ ref('item_types') }} as types using (type)
left join lists on columns.code_list = lists.code_list
