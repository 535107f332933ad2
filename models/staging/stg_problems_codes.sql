-- Grain: one row per code of a raw column that its code list does not have, and per numeric column with other text in it.
-- Counts, never respondents.
with

delivered as (
    select * from {{ ref('stg_delivered_values') }}
),

declared as (
    select * from {{ ref('columns') }}
),

unknown_code as (
    select
        'unknown_code' as check_name,
        delivered.survey, delivered.year, delivered.column_name, delivered.raw_value as code,
        delivered.value_n as problem_n,
        concat(
            delivered.file,
            ': column ',
            delivered.column_name,
            ' of ',
            delivered.survey,
            ' ',
            delivered.year,
            ' holds code ',
            delivered.raw_value, ' ', delivered.value_n, ' times, but code list ', declared.code_list,
            ' has no such code. Add it to codebook/code_lists.csv, or correct the file.'
        ) as sentence,
    from delivered
    inner join declared using (survey, year, column_name)
    anti join {{ ref('code_lists') }} as code_lists
        on declared.code_list = code_lists.code_list and delivered.raw_value = code_lists.code
    where delivered.raw_value is not null and declared.code_list is not null and declared.ignored_reason is null
),

not_a_number as (
    select
        'not_a_number' as check_name,
        delivered.survey, delivered.year, delivered.column_name, null as code,
        sum(delivered.value_n) as problem_n,
        concat(
            any_value(delivered.file),
            ': column ',
            delivered.column_name,
            ' of ',
            delivered.survey,
            ' ',
            delivered.year,
            ' holds ',
            sum(delivered.value_n), ' values that are not numbers, but it has no code list. ',
            'Name its code list in codebook/columns.csv, or correct the file.'
        ) as sentence,
    from delivered
    inner join declared using (survey, year, column_name)
    where
        declared.code_list is null
        and declared.ignored_reason is null
        and delivered.raw_value is not null
        and try_cast(delivered.raw_value as decimal(18, 9)) is null
    group by delivered.survey, delivered.year, delivered.column_name
)

select * from unknown_code
union all
select * from not_a_number
