-- Grain: one row per survey and item.
with

asked as (
    select
        survey,
        item,
        min(year) as first_year,
        max(year) as last_year,
        cast(count(*) as integer) as wave_n,
        string_agg(cast(year as varchar), '|' order by year) as years_asked
    from {{ ref('int_item_waves') }}
    where type != 'open'
    group by survey, item
),

derived as (
    select distinct survey, item from {{ ref('derivations') }}
)

select
    items.survey,
    items.item,
    items.question_no,
    items.type,
    items.answer_set,
    items.theme,
    items.label_no,
    items.label_en,
    derived.item is not null as is_derived,
    asked.first_year,
    asked.last_year,
    coalesce(asked.wave_n, 0) as wave_n,
    asked.years_asked
from {{ ref('items') }} as items
left join asked using (survey, item)
left join derived using (survey, item)
order by items.survey, items.item
