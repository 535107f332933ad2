-- Grain: one row per survey, indicator and year whose form offered what the indicator counts: at least one of its answers,
-- and one of its negative answers where it has any. A mean needs its item only.
with

offered as (
    select * from {{ ref('int_item_answers') }}
),

indicators as (
    select
        survey,
        indicator,
        item,
        kind,
        string_split(answers, '|') as positive,
        string_split(negative_answers, '|') as negative,
    from {{ ref('indicators') }}
)

select
    indicators.survey,
    indicators.indicator,
    indicators.item,
    indicators.kind,
    item_waves.year,
    item_waves.filter_changed,
    indicators.positive is null or bool_or(list_contains(indicators.positive, offered.answer)) as has_positive,
    indicators.negative is null or bool_or(list_contains(indicators.negative, offered.answer)) as has_negative,
    coalesce(has_positive and has_negative, false) as is_offered,
from indicators
inner join {{ ref('stg_item_waves') }} as item_waves
    on indicators.survey = item_waves.survey and indicators.item = item_waves.item
left join offered
    on indicators.survey = offered.survey and indicators.item = offered.item and item_waves.year = offered.year
group by
    indicators.survey,
    indicators.indicator,
    indicators.item,
    indicators.kind,
    item_waves.year,
    item_waves.filter_changed,
    indicators.positive,
    indicators.negative
