-- Grain: one row per survey, year and respondent. Weight 1 where the wave declares no weight column; else the delivered one times
-- ten to the power of `weight_exponent`, the same for all of a wave.
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
    group by answers.survey, answers.year, answers.respondent_no, waves.weight_column
),

delivered as (
    select *, try_cast(raw_weight as decimal(38, 18)) as delivered_weight
    from keyed
),

-- Weights are welcome on any scale: the power of ten that brings the mean of the wave nearest to 1.
scaled as (
    select
        *,
        coalesce(
            -cast(round(log10(nullif(greatest(
                cast(sum(delivered_weight) over (partition by survey, year) as double)
                / count(*) over (partition by survey, year), 0
            ), 0))) as integer), 0
        ) as weight_exponent
    from delivered
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
            else {{ moved_point('delivered_weight', 18, 'weight_exponent', 'decimal(18, 9)') }}
        end as weight,
        weight_exponent
    from scaled
)

select * from weighted
