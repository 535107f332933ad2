-- Grain: one row per finding about the columns of a wave's file beside those of the codebook: a wave that was not read, a column
-- that is not known or not there, a pattern that no column fits.
{% set place = "concat(file, ', column ', column_name)" %}
with

waves as (
    select *, {{ wave_file('waves') }} as file from {{ ref('waves') }} as waves
),

known as (
    select survey, year, column_name from {{ ref('stg_columns') }}
    union
    select survey, year, {{ key_columns() }} from waves
),

found as (
    select * from {{ ref('stg_delivered_columns') }}
),

unmapped as (
    select survey, year, column_name, value_n, file
    from found
    inner join waves using (survey, year)
    anti join known using (survey, year, column_name)
),

missing as (
    select survey, year, column_name, waves.file, waves.respondents
    from known
    inner join waves using (survey, year)
    semi join found using (survey, year)
    anti join found as delivered_columns using (survey, year, column_name)
    where column_name is not null
),

patterns as (
    select distinct columns.survey, columns.column_name
    from {{ ref('columns') }} as columns
    where {{ is_pattern('columns') }}
),

idle as (
    select patterns.survey, patterns.column_name
    from patterns
    left join found
        on patterns.survey = found.survey and {{ fits_pattern('found.column_name', 'patterns.column_name') }}
    group by patterns.survey, patterns.column_name
    having count(found.column_name) = 0
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
        values=['file', 'column_name', 'respondents', 'survey', 'year',
            "if(" ~ has_form('column_name', '[*?]') ~ ", ' A pattern stands in a row with an ignored_reason only.', '')"],
        text='{}: column {} is missing for all {} respondents of {} {}, but the codebook (columns.csv or waves.csv) names it. '
        ~ 'Deliver the column, or take its row out of the codebook.{}') }}
from missing
union all
select
    {{ finding('unused_pattern', "concat('codebook/columns.csv, column ', column_name)", survey='survey',
        values=['survey', 'column_name'],
        text='codebook/columns.csv: no column of {} has the form {}. Correct the pattern, or take its row out.') }}
from idle
