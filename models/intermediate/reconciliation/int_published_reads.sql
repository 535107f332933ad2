-- Grain: one row per printed number of a landed wave, and wave and item it reads: its own wave; for a change also the one it
-- starts from; for a range over years all between.
with

results as (
    select * from {{ ref('published_results') }} where denominator in ('answered', 'asked', 'substantive')
),

waves as (
    select survey, year from {{ ref('waves') }}
)

select
    results.result_id,
    waves.survey,
    waves.year,
    unnest(string_split(results.items, '|')) as item
from results
inner join waves
    on
        results.survey = waves.survey
        and (
            results.year = waves.year
            or (results.aggregate is null and results.year_from = waves.year)
            or (results.aggregate is not null and waves.year between results.year_from and results.year)
        )
-- Read nothing for a wave that has not landed.
semi join waves as own
    on results.survey = own.survey and results.year = own.year
