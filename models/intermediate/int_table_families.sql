-- Grain: one row per survey and item with its table family: the items derived from one another. What is withheld in one
-- table of a family could be recomputed from the others.
with

links as (
    select survey, item, min(source_item) as family
    from {{ ref('derivations') }}
    group by survey, item
),

sources as (
    select distinct derivations.survey, derivations.source_item as item, links.family
    from {{ ref('derivations') }} as derivations
    inner join links
        on derivations.survey = links.survey and derivations.item = links.item
)

select
    items.survey,
    items.item,
    items.type,
    coalesce(links.family, min(sources.family), items.item) as family,
from {{ ref('items') }} as items
left join links
    on items.survey = links.survey and items.item = links.item
left join sources
    on items.survey = sources.survey and items.item = sources.item
group by items.survey, items.item, items.type, links.family
