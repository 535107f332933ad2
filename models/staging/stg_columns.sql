-- Grain: one row per survey, year and delivered column that the codebook knows: the item and option it holds, or why it is
-- ignored. A column of columns.csv stands in every declared wave of its range; an open range goes on to the newest wave. An
-- ignored row may hold a pattern: it stands for the delivered columns of that form that no other row names. `is_number`: the
-- column holds numbers, and its code list, if it has one, names the codes among them that are no answers.
with

lists as (
    select code_list, bool_and({{ is_no_answer('answer') }}) as names_no_answers
    from {{ ref('code_lists') }}
    group by code_list
),

listed as (
    select
        columns.survey,
        waves.year,
        {{ clean_name('columns.column_name') }} as column_name,
        columns.item,
        columns.option,
        columns.code_list,
        columns.blank_means,
        columns.ignored_reason,
        columns.code_list is null
        or (coalesce(types.has_numbers, false) and coalesce(lists.names_no_answers, false)) as is_number,
        {{ is_pattern('columns') }} as is_pattern
    from {{ ref('columns') }} as columns
    inner join {{ ref('waves') }} as waves
        on columns.survey = waves.survey and {{ in_range('waves.year', 'columns') }}
    left join {{ ref('items') }} as items on columns.survey = items.survey and columns.item = items.item
    left join {{ ref('item_types') }} as types on items.type = types.type
    left join lists on columns.code_list = lists.code_list
),

named as (
    select survey, year, column_name, item, option, code_list, blank_means, ignored_reason, is_number
    from listed
    where not is_pattern
),

taken as (
    select survey, year, column_name
    from named
    union all
    select survey, year, {{ key_columns() }}
    from {{ ref('waves') }}
),

fitting as (
    select
        delivered.survey,
        delivered.year,
        delivered.column_name,
        min(listed.ignored_reason) as ignored_reason
    from {{ ref('stg_delivered_columns') }} as delivered
    inner join listed
        on
            delivered.survey = listed.survey
            and delivered.year = listed.year
            and listed.is_pattern
            and {{ fits_pattern('delivered.column_name', 'listed.column_name') }}
    anti join taken
        on
            delivered.survey = taken.survey
            and delivered.year = taken.year
            and delivered.column_name = taken.column_name
    group by delivered.survey, delivered.year, delivered.column_name
)

select survey, year, column_name, item, option, code_list, blank_means, ignored_reason, is_number
from named
union all
select
    survey,
    year,
    column_name,
    null as item,
    null as option,
    null as code_list,
    null as blank_means,
    ignored_reason,
    false as is_number
from fitting
