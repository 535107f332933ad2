-- Grain: one row per note on weighted margins that stops nothing: an assumed figure is not met, or no figure is there to check
-- the weights of a wave.
select
    'assumed_margin' as check_name,
    survey,
    year,
    sentence,
from {{ ref('int_margins') }}
where sentence is not null and status = 'assumed' and share_pct is not null
union all
select
    'no_margins' as check_name,
    waves.survey,
    waves.year,
    concat(
        'codebook/population.csv: no row for ', waves.survey, ' ', waves.year, ', so nothing checks column ', waves.weight_column,
        ' of raw/', waves.survey, '_', waves.year, '.csv. Add the population''s shares by sex, age and region.'
    ) as sentence,
from {{ ref('waves') }} as waves
anti join {{ ref('int_margins') }} as margins
    on waves.survey = margins.survey and waves.year = margins.year
where waves.weight_column is not null
