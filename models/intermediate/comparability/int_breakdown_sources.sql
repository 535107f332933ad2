-- Grain: one row per survey, breakdown and item that its groups are made of, directly or through a derived item. A test of the
-- item over these groups would ask whether the answers equal themselves.
with

groupings as (
    select survey, breakdown, source_item
    from {{ ref('breakdowns') }}
    where source_item is not null
    union
    select crosses.survey, crosses.breakdown, sources.source_item
    from {{ ref('crosses') }} as crosses
    inner join {{ ref('breakdowns') }} as sources
        on crosses.survey = sources.survey and crosses.source_breakdown = sources.breakdown
)

select survey, breakdown, source_item as item
from groupings
union
select groupings.survey, groupings.breakdown, derivations.source_item as item
from groupings
inner join {{ ref('derivations') }} as derivations
    on groupings.survey = derivations.survey and groupings.source_item = derivations.item
union
select groupings.survey, groupings.breakdown, derivations.item
from groupings
inner join {{ ref('derivations') }} as derivations using (survey, source_item)
