{{ config(materialized='table' if is_open() else 'view') }}
-- Grain: one row per survey, year, item, answer, breakdown, group and basis of the cube, as the disclosure profile lets it out,
-- with its confidentiality (`conf_status`). The one door: everything that is published is arithmetic on these rows.
{% if is_open() %}
select * from ({{ perturbed_cells(ref('int_cells'), ref('int_wave_weights')) }})
{% else %}
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
    {{ released_conf_status() }} as conf_status
from {{ ref('int_cells') }}
{% endif %}
