-- Grain: one row per finding about what a wave's file holds beside what the codebook says of it: a wave that was not read, a
-- column that is not known or not there, a code that its list does not have, text where numbers are due. Counts, never
-- respondents.
{% set place = "concat(file, ', column ', column_name)" %}
with

delivered as (
    select survey, year, column_name, raw_value, count(*) as value_n from {{ ref('stg_answers') }} group by all
),

waves as (
    select *, concat('raw/', survey, '_', year, '.csv') as file from {{ ref('waves') }}
),

known as (
    select survey, year, column_name, code_list, is_number, ignored_reason is null as is_used
    from {{ ref('stg_columns') }}
    union all by name
    select survey, year, unnest([respondent_column, weight_column]) as column_name, false as is_used
    from waves
),

found as (
    select survey, year, column_name, sum(if(raw_value is null, 0, value_n)) as value_n from delivered group by all
),

unmapped as (
    select found.*, waves.file
    from found
    inner join waves using (survey, year)
    anti join known using (survey, year, column_name)
),

missing as (
    select distinct survey, year, known.column_name, waves.file, waves.respondents
    from known
    inner join waves using (survey, year)
    semi join found using (survey, year)
    anti join found as delivered_columns using (survey, year, column_name)
    where known.column_name is not null
),

used as (
    select delivered.*, known.code_list, known.is_number, waves.file
    from delivered
    inner join known using (survey, year, column_name)
    inner join waves using (survey, year)
    where known.is_used and delivered.raw_value is not null
),

unknown_codes as (
    select used.*
    from used
    anti join {{ ref('code_lists') }} as code_lists
        on used.code_list = code_lists.code_list and used.raw_value = code_lists.code
    where not used.is_number
),

not_numbers as (
    select survey, year, column_name, file, sum(value_n) as value_n
    from used
    anti join {{ ref('code_lists') }} as code_lists on used.code_list = code_lists.code_list and used.raw_value = code_lists.code
    where used.is_number and try_cast(used.raw_value as decimal(18, 9)) is null
    group by all
)

select
    {{ finding('unloaded_wave', 'file', survey='survey', year='year', problem_n='respondents', values=['file', 'respondents'],
        text='{}: the wave is declared in codebook/waves.csv ({} respondents) but no row of its file was read. '
        ~ 'Deliver the file, or pass the wave in the dbt variable `waves`.') }}
from waves
anti join found using (survey, year)
union all
select
    {{ finding('unmapped_column', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'value_n', 'survey', 'year'],
        text='{}: column {} ({} values) has no row in codebook/columns.csv for {} {}. Map it to an item, or mark it ignored '
        ~ 'and say why.') }}
from unmapped
union all
select
    {{ finding('missing_column', place, survey='survey', year='year', problem_n='respondents',
        values=['file', 'column_name', 'respondents', 'survey', 'year'],
        text='{}: column {} is missing for all {} respondents of {} {}, but the codebook (columns.csv or waves.csv) names it. '
        ~ 'Deliver the column, or take its row out of the codebook.') }}
from missing
union all
select
    {{ finding('unknown_code', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'survey', 'year', 'raw_value', 'value_n', 'code_list'],
        text='{}: column {} of {} {} holds code {} {} times, but code list {} has no such code. Add it to '
        ~ 'codebook/code_lists.csv, or correct the file.') }}
from unknown_codes
union all
select
    {{ finding('not_a_number', place, survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'survey', 'year', 'value_n'],
        text='{}: column {} of {} {} holds {} values that are neither numbers nor codes of its list. Name its code list in '
        ~ 'codebook/columns.csv, or correct the file.') }}
from not_numbers
