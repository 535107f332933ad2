{#
    Groups of waves whose weighted share lies further from the population table than `tolerance_pp`, or is missing.

    status: official or assumed, as in seeds/codebook/population.csv. Weights raked to these margins meet them to the last
    digit of a weight; a whole point away is another table, another grouping or a weight that was not raked.
#}
{% macro margins_off(status, tolerance_pp=1) %}
select
    population.survey,
    population.year,
    population.breakdown,
    population.group_key,
    population.share_pct,
    composition.weighted_pct,
    abs(composition.weighted_pct - population.share_pct) as off_pp,
from {{ ref('population') }} as population
semi join {{ ref('dim_wave') }} as waves
    on population.survey = waves.survey and population.year = waves.year and waves.is_weighted
left join {{ ref('fct_composition') }} as composition
    on
        population.survey = composition.survey
        and population.year = composition.year
        and population.breakdown = composition.breakdown
        and population.group_key = composition.group_key
where
    population.status = '{{ status }}'
    and (
        abs(composition.weighted_pct - population.share_pct) > {{ tolerance_pp }}
        -- Profile open may withhold a small group.
        or (composition.weighted_pct is null and not {{ is_open() }})
    )
{% endmacro %}
