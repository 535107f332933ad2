-- Grain: one row per column of a raw wave file that its crosswalk does not know, or does not find, and per wave not read.
-- Counts, never respondents.
with

delivered as (
    select * from {{ ref('stg_delivered_values') }}
),

declared as (
    select * from {{ ref('columns') }}
),

waves as (
    select
        *,
        concat('raw/', survey, '_', year, '.csv') as file,
    from {{ ref('waves') }}
),

keys as (
    select survey, year, file, respondent_column as column_name
    from waves
    union all
    select survey, year, file, weight_column as column_name
    from waves
    where weight_column is not null
),

found as (
    select
        survey,
        year,
        column_name,
        coalesce(sum(value_n) filter (where raw_value is not null), 0) as value_n,
    from delivered
    group by survey, year, column_name
),

unloaded_wave as (
    select
        'unloaded_wave' as check_name,
        survey, year, null as column_name, null as code,
        respondents as problem_n,
        concat(
            file, ': the wave is declared in codebook/waves.csv (', respondents,
            ' respondents) but no row of its file was read. ',
            'Deliver the file, or pass the wave in the dbt variable `waves`.'
        ) as sentence,
    from waves
    anti join found using (survey, year)
),

unmapped_column as (
    select
        'unmapped_column' as check_name,
        found.survey, found.year, found.column_name, null as code,
        found.value_n as problem_n,
        concat(
            waves.file,
            ': column ',
            found.column_name,
            ' (',
            found.value_n,
            ' values) has no row in codebook/columns.csv for ',
            found.survey, ' ', found.year, '. Map it to an item, or mark it ignored and say why.'
        ) as sentence,
    from found
    inner join waves using (survey, year)
    anti join declared using (survey, year, column_name)
    anti join keys using (survey, year, column_name)
),

missing_column as (
    select
        'missing_column' as check_name,
        needed.survey, needed.year, needed.column_name, null as code,
        waves.respondents as problem_n,
        concat(
            waves.file, ': column ', needed.column_name, ' is missing for all ', waves.respondents, ' respondents of ',
            needed.survey, ' ', needed.year, ', but the codebook (columns.csv or waves.csv) names it. ',
            'Deliver the column, or take its row out of the codebook.'
        ) as sentence,
    from (
        select survey, year, column_name from declared
        union all
        select survey, year, column_name from keys
    ) as needed
    inner join waves using (survey, year)
    semi join found using (survey, year)
    anti join found as delivered_columns using (survey, year, column_name)
)

select * from unloaded_wave
union all
select * from unmapped_column
union all
select * from missing_column
