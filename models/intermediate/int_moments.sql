-- Grain: one row per survey, indicator, year, breakdown, group and basis: base and moments of the indicator's
-- variable y (share: 1 for the numerator answers; net and NPS: +1, -1 or 0; mean: the number itself).
with

cells as (
    select * from {{ ref('int_released_cells') }}
),

indicators as (
    select
        *,
        string_split(answers, '|') as positive,
        string_split(coalesce(negative_answers, ''), '|') as negative,
    from {{ ref('indicators') }}
),

scored as (
    select
        indicators.survey,
        indicators.indicator,
        cells.item,
        cells.year,
        cells.breakdown,
        cells.group_key,
        cells.basis,
        cells.n,
        cells.sum_w,
        cells.sum_w2,
        case
            when indicators.kind = 'mean' and items.type in ('allocation', 'number') then cells.answer = '_base'
            when indicators.denominator = 'answered' then cells.answer = '_base'
            when indicators.denominator = 'substantive' then answers.answer_kind in ('substantive', 'neutral')
            else list_contains(indicators.positive, cells.answer) or list_contains(indicators.negative, cells.answer)
        end as in_base,
        cast(case
            when indicators.kind = 'mean' then answers.numeric_value
            when list_contains(indicators.positive, cells.answer) then 1
            when list_contains(indicators.negative, cells.answer) and indicators.kind in ('net', 'nps') then -1
        end as decimal(9, 3)) as score,
        indicators.kind = 'mean'
        and (list_contains(indicators.positive, cells.answer) or cells.answer = '_value') as is_number,
        cells.sum_wx,
        cells.sum_wx2,
        cells.sum_w2x,
        cells.sum_w2x2,
    from indicators
    inner join cells
        on indicators.survey = cells.survey and indicators.item = cells.item
    inner join {{ ref('items') }} as items
        on indicators.survey = items.survey and indicators.item = items.item
    left join {{ ref('answers') }} as answers
        on items.answer_set = answers.answer_set and cells.answer = answers.answer
),

offered as (
    select scored.*
    from scored
    semi join {{ ref('int_indicator_waves') }} as waves
        on
            scored.survey = waves.survey
            and scored.indicator = waves.indicator
            and scored.year = waves.year
            and waves.is_offered
    anti join {{ ref('int_withheld_indicators') }} as withheld
        on
            scored.survey = withheld.survey
            and scored.indicator = withheld.indicator
            and scored.year = withheld.year
),

summed as (
    select
        survey,
        indicator,
        item,
        year,
        breakdown,
        group_key,
        basis,
        sum(n) filter (where in_base) as base_n,
        sum(sum_w) filter (where in_base) as sum_w,
        sum(sum_w2) filter (where in_base) as sum_w2,
        sum(case when is_number then sum_wx else score * sum_w end) as sum_wy,
        sum(case when is_number then sum_wx2 else score * score * sum_w end) as sum_wy2,
        sum(case when is_number then sum_w2x else score * sum_w2 end) as sum_w2y,
        sum(case when is_number then sum_w2x2 else score * score * sum_w2 end) as sum_w2y2,
    from offered
    group by all
)

select
    survey,
    indicator,
    item,
    year,
    breakdown,
    group_key,
    basis,
    cast(base_n as bigint) as base_n,
    cast(sum_w as double) as sum_w,
    cast(sum_w2 as double) as sum_w2,
    cast(coalesce(sum_wy, 0) as double) as sum_wy,
    cast(coalesce(sum_wy2, 0) as double) as sum_wy2,
    cast(coalesce(sum_w2y, 0) as double) as sum_w2y,
    cast(coalesce(sum_w2y2, 0) as double) as sum_w2y2,
from summed
where base_n > 0 and (base_n >= {{ var('disclosure_min_base') }} or not {{ is_open() }})
