-- Grain: one row per survey, year and respondent. Weight 1 where the wave declares no weight column.
with

answers as (
    select * from {{ ref('stg_answers') }}
),

waves as (
    select * from {{ ref('waves') }}
),

keyed as (
    select
        answers.survey,
        answers.year,
        answers.respondent_no,
        waves.weight_column,
        max(answers.raw_value) filter (where answers.column_name = {{ clean_name('waves.respondent_column') }}) as respondent_id,
        max(answers.raw_value) filter (where answers.column_name = {{ clean_name('waves.weight_column') }}) as raw_weight
    from answers
    inner join waves
        on answers.survey = waves.survey and answers.year = waves.year
    where answers.column_name in ({{ clean_name('waves.respondent_column') }}, {{ clean_name('waves.weight_column') }})
    group by all
),

-- Exact decimals: sums do not depend on the order in which threads add them.
weighted as (
    select
        survey,
        year,
        respondent_no,
        respondent_id,
        case
            when weight_column is null then cast(1 as decimal(18, 9))
            else try_cast(raw_weight as decimal(18, 9))
        end as weight
    from keyed
)

select * from weighted
