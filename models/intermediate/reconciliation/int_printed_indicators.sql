-- Grain: one row per survey, indicator, year, breakdown and group that a report prints and no landed wave can give.
-- Where a number is printed several times, the print with the largest base speaks, then the first.
with

printed as (
    select
        *,
        list_sort(string_split(answers, '|')) as answer_list
    from {{ ref('published_results') }}
    where measure in ('pct', 'pct_group', 'mean') and denominator = 'answered' and aggregate is null
),

undelivered as (
    select printed.*
    from printed
    semi join {{ ref('surveys') }} as surveys
        on printed.survey = surveys.survey
    anti join {{ ref('waves') }} as waves
        on printed.survey = waves.survey and printed.year = waves.year
),

indicators as (
    select
        *,
        list_sort(string_split(answers, '|')) as answer_list
    from {{ ref('indicators') }}
    where kind in ('share', 'mean') and (kind = 'mean' or denominator = 'answered')
)

select
    indicators.survey,
    indicators.indicator,
    indicators.item,
    undelivered.year,
    undelivered.breakdown,
    undelivered.group_key,
    indicators.kind,
    indicators.unit,
    cast(undelivered.value as double) as value,
    undelivered.n as base_n,
    undelivered.result_id
from undelivered
inner join indicators
    on
        undelivered.survey = indicators.survey
        and undelivered.items = indicators.item
        and undelivered.answer_list = indicators.answer_list
        and (undelivered.measure = 'mean') = (indicators.kind = 'mean')
qualify row_number() over (
    partition by
        indicators.survey, indicators.indicator, undelivered.year, undelivered.breakdown, undelivered.group_key
    order by undelivered.n desc nulls last, undelivered.result_id
) = 1
