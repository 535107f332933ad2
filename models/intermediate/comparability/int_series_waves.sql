-- Grain: one row per survey, series and wave that asked its item. A series is an indicator, or an answer of an item whose
-- answers are shares (`<item>:<answer>`), with what it counts, and whether the wave's form offers that (`is_offered`): at least
-- one of its answers, and one of its negative answers where it has any. Series of one `measure` have the same values;
-- `measure_no` numbers the measures of all waves, to join by.
with

item_waves as (
    select * from {{ ref('int_item_waves') }}
),

offered as (
    select survey, year, item, list(answer) as answers
    from {{ ref('int_item_answers') }}
    group by survey, year, item
),

series as (
    select
        'indicator' as series_type,
        survey,
        indicator as series,
        item,
        cast(null as varchar) as answer,
        kind,
        denominator,
        unit,
        string_split(answers, '|') as positive,
        string_split(negative_answers, '|') as negative,
        -- A share of one answer among all who answered is the series of that answer.
        case
            when kind = 'share' and denominator = 'answered' and answers not like '%|%' then concat(item, ':', answers)
            else indicator
        end as measure
    from {{ ref('indicators') }}
    union all
    select distinct
        'answer' as series_type,
        answers.survey,
        concat(answers.item, ':', answers.answer) as series,
        answers.item,
        answers.answer,
        'share' as kind,
        'answered' as denominator,
        'percent' as unit,
        [answers.answer] as positive,
        cast(null as varchar[]) as negative,
        concat(answers.item, ':', answers.answer) as measure
    from {{ ref('int_item_answers') }} as answers
    inner join {{ ref('items') }} as items using (survey, item)
    inner join {{ ref('item_types') }} as types using (type)
    where types.has_shares
)

select
    series.series_type,
    series.survey,
    series.series,
    item_waves.year,
    series.item,
    series.answer,
    series.kind,
    series.denominator,
    series.unit,
    series.positive,
    series.negative,
    series.measure,
    dense_rank() over (order by survey, series.measure, item_waves.year) as measure_no,
    kinds.factor,
    kinds.is_proportion,
    item_waves.filter_changed,
    item_waves.filter_no as own_no,
    item_waves.like_for_like_no,
    coalesce(
        (series.positive is null or list_has_any(series.positive, offered.answers))
        and (series.negative is null or list_has_any(series.negative, offered.answers)), false
    ) as is_offered
from series
inner join {{ ref('kinds') }} as kinds using (kind)
inner join item_waves using (survey, item)
left join offered using (survey, item, year)
where item_waves.type != 'open'
