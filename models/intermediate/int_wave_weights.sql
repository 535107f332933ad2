-- Grain: one row per survey and year.
select
    survey,
    year,
    count(*) as respondents_n,
    cast(sum(weight) as double) as sum_w,
    cast(sum(weight * weight) as double) as sum_w2,
    cast(min(weight) as double) as weight_min,
    cast(max(weight) as double) as weight_max,
from {{ ref('stg_respondents') }}
group by survey, year
