-- Grain: one row per survey and indicator.
select
    indicators.survey,
    indicators.indicator,
    indicators.item,
    indicators.kind,
    indicators.answers,
    indicators.negative_answers,
    indicators.denominator,
    indicators.unit,
    indicators.direction,
    items.theme,
    indicators.label_no,
    indicators.label_en,
    -- A midpoint added to a scale leaves these kinds nearly untouched; they are labelled, not called equal.
    indicators.kind in ('net', 'position_share') as is_bridged,
from {{ ref('indicators') }} as indicators
inner join {{ ref('items') }} as items
    on indicators.survey = items.survey and indicators.item = items.item
order by indicators.survey, indicators.indicator
