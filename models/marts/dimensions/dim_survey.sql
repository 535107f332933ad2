-- Grain: one row per survey.
with

waves as (
    select
        survey,
        min(year) as first_year,
        max(year) as last_year,
        count(*) as wave_n
    from {{ ref('waves') }}
    group by survey
)

select
    surveys.survey,
    surveys.title_no,
    surveys.title_en,
    surveys.population_no,
    surveys.population_en,
    surveys.inference_scope,
    waves.first_year,
    waves.last_year,
    cast(waves.wave_n as integer) as wave_n
from {{ ref('surveys') }} as surveys
inner join waves
    on surveys.survey = waves.survey
order by surveys.survey
