-- Grain: one row per survey and year.
with

weights as (
    select * from {{ ref('int_wave_weights') }}
)

select
    waves.survey,
    waves.year,
    weights.respondents_n,
    cast(waves.fieldwork_start as date) as fieldwork_start,
    cast(waves.fieldwork_end as date) as fieldwork_end,
    waves.source,
    waves.status,
    waves.weight_column is not null as is_weighted,
    -- The weight of one person, which is not for everybody.
    case when not {{ is_open() }} then weights.weight_min end as weight_min,
    case when not {{ is_open() }} then weights.weight_max end as weight_max,
    sqrt(greatest(weights.respondents_n * weights.sum_w2 / (weights.sum_w * weights.sum_w) - 1, 0)) as weight_cv,
    weights.respondents_n * weights.sum_w2 / (weights.sum_w * weights.sum_w) as deff_kish,
    {{ n_eff_kish('weights.sum_w', 'weights.sum_w2') }} as n_eff_kish,
from {{ ref('waves') }} as waves
inner join weights
    on waves.survey = weights.survey and waves.year = weights.year
order by waves.survey, waves.year
