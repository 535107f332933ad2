{{ config(materialized='view') }}
-- Grain: one row per survey, year, item, answer, breakdown, group and basis of the cube, as the disclosure profile lets it out, with
-- its confidentiality (`conf_status`). The one door: everything that is published is arithmetic on these rows.
select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    n,
    sum_w,
    sum_w2,
    sum_wx,
    sum_wx2,
    sum_w2x,
    sum_w2x2,
    'F' as conf_status
from {{ ref('int_cells') }}
