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
    kinds.is_bridged
from {{ ref('indicators') }} as indicators
inner join {{ ref('items') }} as items using (survey, item)
inner join {{ ref('kinds') }} as kinds using (kind)
order by indicators.survey, indicators.indicator
