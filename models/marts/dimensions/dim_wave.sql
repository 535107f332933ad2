-- Grain: one row per survey and year.
with

everybody as (
    select
        survey,
        year,
        n,
        cast(sum_w as double) as sum_w,
        cast(sum_w2 as double) as sum_w2
    from {{ ref('int_released_cells') }}
    where item = '_respondents' and breakdown = 'total'
)

select
    waves.survey,
    waves.year,
    coalesce(waves.wave, cast(waves.year as varchar)) as wave,
    coalesce(waves.label_no, waves.label_en, waves.wave, cast(waves.year as varchar)) as label_no,
    coalesce(waves.label_en, waves.label_no, waves.wave, cast(waves.year as varchar)) as label_en,
    {{ wave_day('waves') }} as wave_date,
    everybody.n as respondents_n,
    cast(waves.fieldwork_start as date) as fieldwork_start,
    cast(waves.fieldwork_end as date) as fieldwork_end,
    waves.source,
    waves.status,
    waves.weight_column is not null as is_weighted,
    wave_weights.mean_weight,
    wave_weights.weight_note,
    sqrt(greatest(everybody.n * everybody.sum_w2 / (everybody.sum_w * everybody.sum_w) - 1, 0)) as weight_cv,
    everybody.n * everybody.sum_w2 / (everybody.sum_w * everybody.sum_w) as deff_kish,
    {{ n_eff_kish('everybody.sum_w', 'everybody.sum_w2') }} as n_eff_kish
from {{ ref('waves') }} as waves
inner join everybody using (survey, year)
inner join {{ ref('int_wave_weights') }} as wave_weights using (survey, year)
order by waves.survey, waves.year
