-- Grain: one row per survey, year, item, answer, breakdown, group and basis: additive sums for re-aggregation.
select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    n,
    cast(sum_w as double) as sum_w,
    cast(sum_w2 as double) as sum_w2,
    cast(sum_wx as double) as sum_wx,
    cast(sum_wx2 as double) as sum_wx2,
    cast(sum_w2x as double) as sum_w2x,
    cast(sum_w2x2 as double) as sum_w2x2,
    conf_status,
    inference_scope
from {{ ref('int_released_cells') }}
inner join {{ ref('surveys') }} using (survey)
-- A withheld base has no sums to add.
where conf_status != 'C'
