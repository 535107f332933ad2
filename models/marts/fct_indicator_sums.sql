-- Grain: one row per indicator, survey, year, breakdown, group and basis that respondents answered: the additive sums of
-- w and y, with y in the indicator's unit, so that sum_wy / sum_w is the value of any union of groups. A withheld place
-- keeps its row with empty sums: a total over it must come out empty, not too small.
with

places as (
    select *
    from {{ ref('fct_indicators') }}
    where source = 'computed' and (value is not null or conf_status != 'F')
),

moments as (
    select
        moments.*,
        case when indicators.kind = 'mean' then 1 else 100 end as factor,
    from {{ ref('int_moments') }} as moments
    inner join {{ ref('dim_indicator') }} as indicators
        on moments.survey = indicators.survey and moments.indicator = indicators.indicator
)

select
    places.indicator,
    places.survey,
    places.year,
    places.breakdown,
    places.group_key,
    places.basis,
    places.series_segment,
    waves.respondents_n,
    places.base_n,
    moments.sum_w,
    moments.sum_w2,
    moments.factor * moments.sum_wy as sum_wy,
    moments.factor * moments.sum_w2y as sum_w2y,
    moments.factor * moments.factor * moments.sum_w2y2 as sum_w2y2,
    places.conf_status,
    places.inference_scope,
from places
inner join {{ ref('dim_wave') }} as waves
    on places.survey = waves.survey and places.year = waves.year
left join moments
    on
        places.conf_status = 'F'
        and places.indicator = moments.indicator
        and places.survey = moments.survey
        and places.year = moments.year
        and places.breakdown = moments.breakdown
        and places.group_key = moments.group_key
        and places.basis = moments.basis
