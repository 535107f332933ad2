{# Whether what a code list says of a code is no answer: asked and not answered, or routed past. The argument is SQL. #}
{% macro is_no_answer(answer) -%}
    {{ answer }} in ('_no_answer', '_not_asked')
{%- endmacro %}

{# A value as it is compared with the codes of its list: as a number (99 is 99.0) in a column of numbers. Arguments are SQL. #}
{% macro code_key(value, is_number) -%}
    case when {{ is_number }} then coalesce(cast(try_cast({{ value }} as decimal(18, 9)) as string), {{ value }}) else {{ value }} end
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
        columns.survey,
        columns.year,
        columns.column_name,
        columns.item,
        columns.option,
        columns.code_list,
        columns.is_number,
        coalesce(not types.answers_add_up and columns.option is null, false) as is_mention
    from {{ ref('stg_columns') }} as columns
    left join {{ ref('items') }} as items on columns.survey = items.survey and columns.item = items.item
    left join {{ ref('item_types') }} as types on items.type = types.type
    where columns.ignored_reason is null
) as crosswalk
    on
        delivered.survey = crosswalk.survey
        and delivered.year = crosswalk.year
        and delivered.column_name = crosswalk.column_name
left join (
    select code_list, answer, is_number, {{ code_key('code', 'is_number') }} as code_key
    from {{ ref('code_lists') }}
    cross join (values (true), (false)) as kinds (is_number)
) as codes
    on
        crosswalk.code_list = codes.code_list
        and crosswalk.is_number = codes.is_number
        and {{ code_key('delivered.raw_value', 'crosswalk.is_number') }} = codes.code_key
{% endmacro %}

{# What was told in delivered columns, decoded; of several mentions that name one answer, one counts. As a query. #}
{% macro told_answers() %}
with

delivered as (
    select * from {{ ref('stg_answers') }} where raw_value is not null
),

decoded as (
    {{ decoded(delivered='delivered') | indent }}
)

select survey, year, respondent_no, item, answer, value
from decoded
where not is_mention
union all
select distinct survey, year, respondent_no, item, answer, value
from decoded
where is_mention
{% endmacro %}

{# Answers asked, with those that the codebook derives from them, as a query. asked: relation of the answers. #}
{% macro with_derived_answers(asked) %}
with

derived as (
    {{ clauses_hold(
        clauses=ref('derivations'),
        keys=['item', 'answer'],
        item_column='source_item',
        given=asked,
        is_ranged=true,
    ) | indent }}
)

select survey, year, respondent_no, item, answer, value
from {{ asked }}
union all
select survey, year, respondent_no, item, answer, null as value
from derived
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
        select columns.survey, columns.year, columns.column_name, columns.item, answers.value, count(*) as value_n
        from (select *, try_cast(raw_value as decimal(18, 9)) as value from {{ ref('stg_answers') }}) as answers
        inner join {{ ref('stg_columns') }} as columns
            on
                answers.survey = columns.survey
                and answers.year = columns.year
                and answers.column_name = columns.column_name
        inner join {{ ref('items') }} as items on columns.survey = items.survey and columns.item = items.item
        inner join {{ ref('item_types') }} as types on items.type = types.type
        where columns.ignored_reason is null and columns.code_list is null and types.has_numbers and types.sums_to is null
        group by columns.survey, columns.year, columns.column_name, columns.item, answers.value
    )

    select
        coded.survey,
        coded.year,
        coded.column_name,
        coded.item,
        {{ wave_file('waves') }} as file,
        cast(coded.value as integer) as value,
        coded.value_n,
        coalesce(max(near.value_n), 0) as near_n
    from numbers as coded
    inner join {{ ref('waves') }} as waves on coded.survey = waves.survey and coded.year = waves.year
    left join numbers as near
        on
            coded.survey = near.survey
            and coded.year = near.year
            and coded.column_name = near.column_name
            and abs(coded.value - near.value) <= 5
            and near.value not in {{ codes }}
    where coded.value in {{ codes }} and coded.value_n >= 5
    group by
        coded.survey, coded.year, coded.column_name, coded.item, coded.value, coded.value_n, waves.survey, waves.wave, waves.year
    having coded.value_n >= 4 * greatest(coalesce(max(near.value_n), 0), 1)
)
{%- endmacro %}
