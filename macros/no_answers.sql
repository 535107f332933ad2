{# Whether what a code list says of a code is no answer: asked and not answered, or routed past. The argument is SQL. #}
{% macro is_no_answer(answer) -%}
    {{ answer }} in ('_no_answer', '_not_asked')
{%- endmacro %}

{# A value as it is compared with the codes of its list: as a number (99 is 99.0) in a column of numbers. Arguments are SQL. #}
{% macro code_key(value, is_number) -%}
    case when {{ is_number }} then coalesce(cast(try_cast({{ value }} as decimal(18, 9)) as varchar), {{ value }}) else {{ value }} end
{%- endmacro %}

{#
    Answers of delivered columns, decoded: what was delivered and what it means. A code that means no answer is told as an answer of
    the item `_no_answer` or `_not_asked`, named by the item that it was delivered for, so that nothing can take it for an answer.

    delivered: relation of stg_answers without blanks. Returns survey, year, respondent_no, item, answer (NULL where a box was left
    unticked), value (the number of a numeric column) and is_mention (one of several mentions, which may name an answer again).
#}
{% macro decoded(delivered) %}
select
    delivered.survey,
    delivered.year,
    delivered.respondent_no,
    case when {{ is_no_answer('codes.answer') }} then codes.answer else crosswalk.item end as item,
    -- The last branch: a list of a single-choice item gives its answer.
    case
        when {{ is_no_answer('codes.answer') }} then crosswalk.item
        when crosswalk.is_number then crosswalk.option
        when codes.answer = 'selected' then crosswalk.option
        when codes.answer = 'not_selected' then null
        else codes.answer
    end as answer,
    case
        when crosswalk.is_number and codes.answer is null then try_cast(delivered.raw_value as decimal(18, 9))
    end as value,
    crosswalk.is_mention
from {{ delivered }} as delivered
inner join (
    select
        columns.*,
        coalesce(not types.answers_add_up and columns.option is null, false) as is_mention
    from {{ ref('stg_columns') }} as columns
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('item_types') }} as types using (type)
    where columns.ignored_reason is null
) as crosswalk using (survey, year, column_name)
left join (
    select code_list, answer, unnest([true, false]) as is_number, {{ code_key('code', 'is_number') }} as code_key
    from {{ ref('code_lists') }}
) as codes
    on
        crosswalk.code_list = codes.code_list
        and crosswalk.is_number = codes.is_number
        and {{ code_key('delivered.raw_value', 'crosswalk.is_number') }} = codes.code_key
{% endmacro %}

{#
    Numbers that surveys use as codes for missing answers and that a column without a list of such codes holds far more often than
    their neighbours, as SQL of a relation. Five in a file may be chance; a fourth of them near by may be people.
#}
{% macro numbers_like_codes() -%}
{%- set codes = '(77, 88, 96, 97, 98, 99, 997, 998, 999)' -%}
(
    with

    numbers as (
        select columns.*, answers.value, count(*) as value_n
        from (select *, try_cast(raw_value as decimal(18, 9)) as value from {{ ref('stg_answers') }}) as answers
        inner join {{ ref('stg_columns') }} as columns using (survey, year, column_name)
        inner join {{ ref('items') }} as items using (survey, item)
        inner join {{ ref('item_types') }} as types using (type)
        where columns.ignored_reason is null and columns.code_list is null and types.has_numbers and types.sums_to is null
        group by all
    )

    select
        coded.survey,
        coded.year,
        coded.column_name,
        coded.item,
        concat('raw/', coded.survey, '_', coded.year, '.csv') as file,
        cast(coded.value as integer) as value,
        coded.value_n,
        coalesce(max(near.value_n), 0) as near_n
    from numbers as coded
    left join numbers as near
        on
            coded.survey = near.survey
            and coded.year = near.year
            and coded.column_name = near.column_name
            and abs(coded.value - near.value) <= 5
            and near.value not in {{ codes }}
    where coded.value in {{ codes }} and coded.value_n >= 5
    group by all
    having coded.value_n >= 4 * greatest(near_n, 1)
)
{%- endmacro %}
