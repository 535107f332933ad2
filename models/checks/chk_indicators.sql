-- Grain: one row per indicator, item or breakdown whose declaration the models cannot compute: an unknown kind, type, denominator or
-- unit, or a combination that gives no value of that name; and per limit that is missing.
with

indicators as (
    select
        indicators.*,
        items.type,
        kinds.goes_with,
        kinds.units,
        concat('codebook/indicators.csv: indicator ', indicators.indicator, ' of ', indicators.survey) as place
    from {{ ref('indicators') }} as indicators
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('kinds') }} as kinds using (kind)
),

judged as (
    select
        'unknown_kind' as check_name,
        survey,
        place,
        case
            when goes_with is null
                then concat(
                    place, ' has kind ''', kind, ''', which codebook/kinds.csv does not have. Write one of its kinds, or add a row.'
                )
            when not list_contains(string_split(goes_with, '|'), concat(type, ':', denominator))
                then concat(
                    place, ' has kind ', kind, ', denominator ''', denominator, ''' and an item of type ', type,
                    ', which do not go together. Kind ', kind, ' takes ', replace(goes_with, '|', ', '), ' (type:denominator).'
                )
            when not coalesce(list_contains(string_split(units, '|'), unit), false)
                then concat(place, ' has unit ''', unit, ''', and kind ', kind, ' is in ', replace(units, '|', ' or '), '. Write one.')
        end as sentence
    from indicators
    union all
    select
        'unknown_type' as check_name,
        items.survey,
        concat('codebook/items.csv: item ', items.item) as place,
        concat(
            'codebook/items.csv: item ', items.item, ' of ', items.survey, ' has type ''', items.type,
            ''', which codebook/item_types.csv does not have. Write one of its types.'
        ) as sentence
    from {{ ref('items') }} as items
    anti join {{ ref('item_types') }} as types using (type)
    union all
    select
        'unknown_denominator' as check_name,
        null as survey,
        concat('codebook/kinds.csv: kind ', kind) as place,
        concat(
            'codebook/kinds.csv: kind ', kind, ' goes with ''', pair,
            ''', whose denominator is none of answered, substantive and position. Correct the word.'
        ) as sentence
    from (select kind, unnest(string_split(goes_with, '|')) as pair from {{ ref('kinds') }}) as pairs
    where split_part(pair, ':', 2) not in ('answered', 'substantive', 'position')
    union all
    select
        'unknown_served_item' as check_name,
        served.survey,
        concat('codebook/breakdowns.csv: breakdown ', served.breakdown) as place,
        concat(
            'codebook/breakdowns.csv or crosses.csv: breakdown ', served.breakdown, ' of ', served.survey, ' serves ''', served.item,
            ''', which is neither the word composition nor an item of items.csv. Correct it, or leave the cell empty for all items.'
        ) as sentence
    from (
        select distinct survey, breakdown, unnest(string_split(serves, '|')) as item
        from (
            select survey, breakdown, serves from {{ ref('breakdowns') }}
            union
            select survey, breakdown, serves from {{ ref('crosses') }}
        ) as breakdowns
    ) as served
    anti join {{ ref('items') }} as items using (survey, item)
    where served.item != 'composition'
)

select
    check_name,
    'refuse' as severity,
    survey,
    cast(null as integer) as year,
    place,
    1 as problem_n,
    sentence
from judged
where sentence is not null
