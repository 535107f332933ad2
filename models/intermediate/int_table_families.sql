-- Grain: one row per survey and item with its table family: items derived from one another, and items behind breakdowns of
-- one disclosure family (a county lies in one region). What is withheld in one table of a family could be recomputed from
-- the others. Items behind a filter are tied by another rule, int_family_routes.
with recursive

grouping_items as (
    select distinct families.survey, families.family, breakdowns.source_item as item
    from {{ ref('disclosure_families') }} as families
    inner join {{ ref('breakdowns') }} as breakdowns
        on families.survey = breakdowns.survey and families.breakdown = breakdowns.breakdown
    anti join {{ ref('routing') }} as filtered
        on
            breakdowns.survey = filtered.survey
            and breakdowns.source_item = filtered.item
            and filtered.universe is not null
    where breakdowns.source_item is not null
),

ties as (
    select survey, item, source_item as other
    from {{ ref('derivations') }}
    union
    select survey, source_item as item, item as other
    from {{ ref('derivations') }}
    union
    select a.survey, a.item, b.item as other
    from grouping_items as a
    inner join grouping_items as b
        on a.survey = b.survey and a.family = b.family and a.item != b.item
),

reached as (
    select survey, item, item as other
    from {{ ref('items') }}
    union
    select reached.survey, reached.item, ties.other
    from reached
    inner join ties
        on reached.survey = ties.survey and reached.other = ties.item
)

select
    items.survey,
    items.item,
    items.type,
    min(reached.other) as family,
from {{ ref('items') }} as items
inner join reached
    on items.survey = reached.survey and items.item = reached.item
group by items.survey, items.item, items.type
