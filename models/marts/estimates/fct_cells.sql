-- Grain: one row per survey, year, item, answer, breakdown, group and basis: additive sums for re-aggregation, on weights with a
-- mean of 1 in every wave, so that waves may be added up; the sum of the weights as delivered beside them.
{% set factor = by_profile('weight_factor', '1e0') %}
select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    n,
    {% for column in ['sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] %}
    {{ factor }}{{ ' * ' ~ factor if column.startswith('sum_w2') }} * cast({{ column }} as double) as {{ column }},
    {% endfor %}
    {{ factor }} * mean_weight * cast(sum_w as double) as sum_w_delivered,
    conf_status,
    inference_scope
from {{ ref('int_released_cells') }}
inner join {{ ref('surveys') }} using (survey)
inner join {{ ref('int_wave_weights') }} using (survey, year)
-- A withheld base has no sums to add.
where conf_status != 'C'
