-- Grain: one row per survey, breakdown and group.
select
    survey,
    breakdown,
    group_key,
    source_item,
    label_no,
    label_en,
    sort_order,
    year_from,
    year_to,
    is_cross
from {{ ref('int_breakdown_groups') }}
order by survey, breakdown, sort_order, group_key
