-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for every answer the wave's form offered: the sums
-- of the answer with the base of its group beside it; nobody in the group gave an answer of 0.
select
    series.survey,
    series.year,
    series.item,
    series.answer,
    series.breakdown,
    series.group_key,
    series.basis,
    series.series_segment,
    types.answers_add_up as is_exclusive,
    series.positive_n as answer_n,
    series.sum_wy / 100 as answer_weighted,
    series.sum_wy / 100 * series.sum_w_delivered / nullif(series.sum_w, 0) as answer_weighted_delivered,
    series.base_n,
    series.sum_w as base_weighted,
    series.sum_w_delivered as base_weighted_delivered,
    series.conf_status,
    surveys.inference_scope
from {{ ref('int_series_values') }} as series
inner join {{ ref('surveys') }} as surveys using (survey)
inner join {{ ref('items') }} as items using (survey, item)
inner join {{ ref('item_types') }} as types using (type)
where series.series_type = 'answer' and (series.base_n is not null or series.conf_status = 'C')
