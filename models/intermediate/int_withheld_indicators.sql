-- Grain: one row per survey, indicator and year that profile `open` withholds: it counts an answer that is withheld, or
-- stands on a base that leaves one out, so that a difference would give the answer back.
select distinct
    indicators.survey,
    indicators.indicator,
    withheld.year,
from {{ ref('indicators') }} as indicators
inner join {{ ref('int_withheld_answers') }} as withheld
    on indicators.survey = withheld.survey and indicators.item = withheld.item
where
    withheld.answer = '_base'
    or indicators.kind = 'mean'
    or indicators.denominator != 'answered'
    or list_contains(string_split(indicators.answers, '|'), withheld.answer)
    or list_contains(string_split(indicators.negative_answers, '|'), withheld.answer)
