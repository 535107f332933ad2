-- Grain: one row per survey, year, table family, breakdown and group that profile `open` withholds: those its own table
-- withholds, all of a table that is not released, and what the item that routes the family withholds in its own.
with

withheld as (
    select
        cuts.survey,
        cuts.year,
        cuts.family,
        cuts.breakdown,
        cuts.group_key,
        cuts.is_withheld or coalesce(tables.is_passed_on, false) as is_passed_on,
    from {{ ref('int_disclosure_cuts') }} as cuts
    left join {{ ref('int_withheld_tables') }} as tables
        on
            cuts.survey = tables.survey
            and cuts.year = tables.year
            and cuts.family = tables.family
            and cuts.breakdown = tables.breakdown
    where cuts.is_withheld or tables.breakdown is not null
)

select survey, year, family, breakdown, group_key
from withheld
union
-- The base of a routed item is a count of the item that routes it.
select
    withheld.survey,
    withheld.year,
    routes.family,
    withheld.breakdown,
    withheld.group_key,
from withheld
inner join {{ ref('int_family_routes') }} as routes
    on withheld.survey = routes.survey and withheld.year = routes.year and withheld.family = routes.routing_family
where withheld.is_passed_on
