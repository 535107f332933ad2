-- Grain: one row per finding about the population table: a margin that the weights do not meet, a weighted
-- wave without margins. Weights raked to these margins meet them to the last digit; a whole point away is another table,
-- another grouping or a weight that was not raked. An assumed figure that is not met is a note, and so are weights unlike
-- those of the other waves.
with

members as (
    select survey, year, breakdown, group_key, cast(sum_w as double) as sum_w
    from {{ ref('int_cells') }}
    where item = '_respondents'
),

bases as (
    select survey, year, breakdown, sum(sum_w) as sum_w
    from members
    group by survey, year, breakdown
),

compared as (
    select
        population.*,
        100 * members.sum_w / bases.sum_w as weighted_pct,
        abs(100 * members.sum_w / bases.sum_w - population.share_pct) as off_pp,
        {{ limit_of('margin_gap', 'population.survey', 'population.year', ['population.breakdown']) }} as limit_pp,
        concat(
            'codebook/population.csv: ', population.survey, ' ', population.year, ', breakdown ', population.breakdown,
            ', group ', population.group_key
        ) as place,
        concat('raw/', population.survey, '_', population.year, '.csv') as file
    from {{ ref('population') }} as population
    inner join {{ ref('waves') }} as waves on population.survey = waves.survey and population.year = waves.year
    left join members
        on
            population.survey = members.survey
            and population.year = members.year
            and population.breakdown = members.breakdown
            and population.group_key = members.group_key
    left join bases
        on
            population.survey = bases.survey
            and population.year = bases.year
            and population.breakdown = bases.breakdown
    where waves.weight_column is not null
),

judged as (
    select
        *,
        case
            when weighted_pct is null then concat(place, ' has nobody in ', file, '. Correct the group, or remove the row.')
            when off_pp > limit_pp
                then concat(
                    place, ' is ', round(share_pct, 2), ' % of the population (', status, ') and ', round(weighted_pct, 2),
                    ' % of the weights of ', file, '; ', limit_pp, ' point apart is allowed. ',
                    'Have the weights raked to these margins, or correct the table.'
                )
        end as sentence
    from compared
)

select
    'weighted_margin' as check_name,
    if(status = 'assumed', 'note', 'refuse') as severity,
    survey,
    year,
    place,
    1 as problem_n,
    sentence
from judged
where sentence is not null
union all
select
    'no_margins' as check_name,
    'note' as severity,
    survey,
    year,
    'codebook/population.csv' as place,
    1 as problem_n,
    {{ said(
        'codebook/population.csv: no row for {} {}, so nothing checks column {} of raw/{}_{}.csv. '
        ~ "Add the population's shares by sex, age and region.",
        ['survey', 'year', 'weight_column', 'survey', 'year']
    ) }} as sentence
from {{ ref('waves') }}
anti join judged using (survey, year)
where weight_column is not null
union all
select
    'unlike_weights' as check_name,
    'note' as severity,
    survey,
    year,
    'codebook/waves.csv' as place,
    1 as problem_n,
    concat(
        'raw/', survey, '_', year, '.csv (survey ', survey, ', year ', year, '): ', weight_note, '. ',
        'Its rows have status D; check weight_column in codebook/waves.csv and the file.'
    ) as sentence
from {{ ref('int_wave_weights') }}
where weight_note is not null
