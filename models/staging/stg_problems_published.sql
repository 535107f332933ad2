-- Grain: one row per group of a breakdown that printed numbers stand on and the codebook does not have.
with

known as (
    select survey, breakdown, group_key
    from {{ ref('breakdowns') }}
),

crosses as (
    select
        *,
        count(*) over (partition by survey, breakdown) as dimension_n,
    from {{ ref('crosses') }}
),

printed as (
    select
        survey,
        breakdown,
        group_key,
        count(*) as result_n,
    from {{ ref('published_results') }}
    where denominator not in ('none', 'margin')
    group by survey, breakdown, group_key
),

parts as (
    select
        printed.*,
        coalesce(crosses.source_breakdown, printed.breakdown) as part_breakdown,
        case
            when crosses.dimension is null then printed.group_key
            else split_part(printed.group_key, '__', crosses.dimension)
        end as part_key,
    from printed
    left join crosses
        on printed.survey = crosses.survey and printed.breakdown = crosses.breakdown
)

select
    'unknown_group' as check_name,
    parts.survey,
    null as year,
    null as column_name,
    parts.part_key as code,
    sum(parts.result_n) as problem_n,
    concat(
        'codebook/breakdowns.csv: ', sum(parts.result_n), ' numbers of published_results.csv stand on group ',
        parts.part_key, ' of breakdown ', parts.part_breakdown, ' of ', parts.survey,
        ', which is not there. Add its row, or correct the address of the numbers.'
    ) as sentence,
from parts
anti join known
    on
        parts.survey = known.survey
        and parts.part_breakdown = known.breakdown
        and parts.part_key = known.group_key
group by parts.survey, parts.part_breakdown, parts.part_key
