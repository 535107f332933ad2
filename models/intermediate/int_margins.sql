-- Grain: one row per survey, year, breakdown and group of the population table whose wave is weighted, with the weighted share
-- of the sample beside it and a sentence where the two do not fit. Weights raked to these margins meet them to the last digit;
-- a whole point away is another table, another grouping or a weight that was not raked.
with

compared as (
    select
        population.survey,
        population.year,
        population.breakdown,
        population.group_key,
        population.status,
        population.share_pct,
        100 * cast(members.weight as double) / cast(bases.answered_w as double) as weighted_pct,
        abs(weighted_pct - population.share_pct) as off_pp,
        concat(
            'codebook/population.csv: ', population.survey, ' ', population.year, ', breakdown ', population.breakdown,
            ', group ', population.group_key
        ) as place,
    from {{ ref('population') }} as population
    inner join {{ ref('waves') }} as waves
        on population.survey = waves.survey and population.year = waves.year
    left join {{ ref('int_composition') }} as members
        on
            population.survey = members.survey
            and population.year = members.year
            and population.breakdown = members.breakdown
            and population.group_key = members.group_key
    left join {{ ref('int_breakdown_bases') }} as bases
        on
            population.survey = bases.survey
            and population.year = bases.year
            and population.breakdown = bases.breakdown
    where waves.weight_column is not null
)

select
    survey,
    year,
    breakdown,
    group_key,
    status,
    share_pct,
    weighted_pct,
    off_pp,
    case
        when status is null or status not in ('official', 'assumed')
            then concat(place, ' has status ''', status, '''. Write official, or assumed where the figures could not be had.')
        when share_pct is null
            then concat(place, ' has no share_pct. Write the percent of the population, or remove the row.')
        when weighted_pct is null
            then concat(place, ' has nobody in raw/', survey, '_', year, '.csv. Correct the group, or remove the row.')
        when off_pp > {{ var('margin_tolerance_pp') }}
            then concat(
                place, ' is ', round(share_pct, 2), ' % of the population (', status, ') and ', round(weighted_pct, 2),
                ' % of the weights of raw/', survey, '_', year, '.csv; {{ var("margin_tolerance_pp") }} point apart is allowed. ',
                'Have the weights raked to these margins, or correct the table.'
            )
    end as sentence,
from compared
