-- Grain: one row per survey, year, breakdown and group that the codebook declares for the survey, numbered within the wave
-- (`group_no`), so that the long tables behind carry a number. `serves_no` numbers what the groups of a survey serve: 0 every
-- item, else the items in `serves`.
with

declared as (
    select survey, waves.year, declared.breakdown, declared.group_key, declared.serves
    from {{ ref('waves') }} as waves
    inner join {{ ref('int_breakdown_groups') }} as declared using (survey)
)

select
    survey,
    year,
    breakdown,
    group_key,
    serves,
    cast(row_number() over (partition by survey, year order by breakdown, group_key) as integer) as group_no,
    case
        when serves is null then 0
        else cast(dense_rank() over (partition by survey, year order by serves nulls last) as integer)
    end as serves_no
from declared
