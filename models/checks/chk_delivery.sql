-- Grain: one row per finding about the cells of a wave's file beside what the codebook says of their columns: a code that its
-- list does not have, text where numbers are due. Counts, never respondents.
{% set place = "concat(file, ', column ', column_name)" %}
with

delivered as (
    select survey, year, column_name, raw_value, count(*) as value_n
    from {{ ref('stg_answers') }}
    group by survey, year, column_name, raw_value
),

waves as (
    select *, {{ wave_file('waves') }} as file from {{ ref('waves') }} as waves
),

known as (
    select survey, year, column_name, code_list, is_number, ignored_reason is null as is_used from {{ ref('stg_columns') }}
),

used as (
    select survey, year, column_name, raw_value, value_n, known.code_list, known.is_number, waves.file
    from delivered
    inner join known using (survey, year, column_name)
    inner join waves using (survey, year)
    where known.is_used and delivered.raw_value is not null
),

unknown as (
    select
        used.*,
        {{ looks_like_code('raw_value', 'value_n') }}
        -- More than a few may be ids or numbers in the wrong column.
        and count(*) over (partition by survey, year, column_name) <= 10 as is_shown
    from used
    anti join {{ ref('code_lists') }} as code_lists
        on used.code_list = code_lists.code_list and used.raw_value = code_lists.code
    where not used.is_number
),

unknown_texts as (
    select survey, year, column_name, file, code_list, sum(value_n) as value_n, max(length(raw_value)) as longest
    from unknown
    where not is_shown
    group by survey, year, column_name, file, code_list
),

not_numbers as (
    select survey, year, column_name, file, sum(value_n) as value_n
    from used
    anti join {{ ref('code_lists') }} as code_lists on used.code_list = code_lists.code_list and used.raw_value = code_lists.code
    where used.is_number and try_cast(used.raw_value as decimal(18, 9)) is null
    group by survey, year, column_name, file
)

select
    {{ finding('unknown_code', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'survey', 'year', 'raw_value', 'value_n', 'code_list'],
        text='{}: column {} of {} {} holds code {} {} times, but code list {} has no such code. Add it to '
        ~ 'codebook/code_lists.csv, or correct the file.') }}
from unknown
where is_shown
union all
select
    {{ finding('unknown_code', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'survey', 'year', 'value_n', 'code_list', 'longest'],
        text='{}: column {} of {} {} holds values {} times that code list {} does not have (up to {} characters long; not shown, '
        ~ 'since they may tell of a person). Name the right list in codebook/columns.csv, complete codebook/code_lists.csv, or correct '
        ~ 'the file.') }}
from unknown_texts
union all
select
    {{ finding('not_a_number', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'survey', 'year', 'value_n'],
        text='{}: column {} of {} {} holds {} values that are neither numbers nor codes of its list. Name its code list in '
        ~ 'codebook/columns.csv, or correct the file.') }}
from not_numbers
