-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for every answer the wave's form offered:
-- the answer's cell of the cube with the base of its place beside it; nobody in the group gave an answer of 0.
with

cells as (
    select * from {{ ref('fct_cells') }}
),

places as (
    select *
    from {{ ref('fct_answer_shares') }}
    where base_n is not null or conf_status != 'F'
),

series as (
    select * from {{ ref('int_series') }}
)

select
    places.survey,
    places.year,
    places.item,
    places.answer,
    places.breakdown,
    places.group_key,
    places.basis,
    series.series_segment,
    items.type in ('single', 'scale') as is_exclusive,
    places.answer_n,
    case when places.conf_status = 'F' then coalesce(cells.sum_w, 0) end as answer_weighted,
    places.base_n,
    places.base_weighted,
    places.conf_status,
    places.inference_scope,
from places
inner join {{ ref('dim_item') }} as items
    on places.survey = items.survey and places.item = items.item
left join series
    on
        places.survey = series.survey
        and concat('item:', places.item) = series.series
        and places.year = series.year
        and places.basis = series.basis
left join cells
    on
        places.survey = cells.survey
        and places.year = cells.year
        and places.item = cells.item
        and places.answer = cells.answer
        and places.breakdown = cells.breakdown
        and places.group_key = cells.group_key
        and places.basis = cells.basis
