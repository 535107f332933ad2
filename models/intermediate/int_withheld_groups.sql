-- Grain: one row per survey, year, table family, breakdown and group that profile `open` withholds.
-- Where a breakdown loses a group, the breakdowns that overlap it (codebook: disclosure_families) and the crosses with it
-- go altogether: their groups add up to one another's.
with

judged as (
    select * from {{ ref('int_disclosure_cuts') }}
),

released as (
    select
        judged.survey,
        judged.year,
        judged.family,
        judged.breakdown,
        count(*) filter (where not judged.is_withheld) as released_n,
        count(*) filter (where judged.is_withheld) as lost_n,
    from judged
    group by judged.survey, judged.year, judged.family, judged.breakdown
),

-- In a relation that lost a group, all but the relative with most groups left go.
losers as (
    select
        released.survey,
        released.year,
        released.family,
        released.breakdown,
        sum(released.lost_n) over (
            partition by released.survey, released.year, released.family, relatives.family
        ) > 0 as relation_lost,
        row_number() over (
            partition by released.survey, released.year, released.family, relatives.family
            order by released.released_n desc, released.breakdown
        ) as rank_in_relation,
    from released
    inner join {{ ref('disclosure_families') }} as relatives
        on released.survey = relatives.survey and released.breakdown = relatives.breakdown
),

dropped as (
    select distinct survey, year, family, breakdown
    from losers
    where relation_lost and rank_in_relation > 1
),

-- A cross goes when it or anything that it crosses lost a group or went.
dropped_crosses as (
    select distinct released.survey, released.year, released.family, crosses.breakdown
    from released
    inner join {{ ref('crosses') }} as crosses
        on released.survey = crosses.survey and released.breakdown in (crosses.breakdown, crosses.source_breakdown)
    left join dropped
        on
            released.survey = dropped.survey
            and released.year = dropped.year
            and released.family = dropped.family
            and released.breakdown = dropped.breakdown
    where released.lost_n > 0 or dropped.breakdown is not null
),

gone as (
    select survey, year, family, breakdown from dropped
    union
    select survey, year, family, breakdown from dropped_crosses
),

withheld as (
    select judged.survey, judged.year, judged.family, judged.breakdown, judged.group_key
    from judged
    left join gone
        on
            judged.survey = gone.survey
            and judged.year = gone.year
            and judged.family = gone.family
            and judged.breakdown = gone.breakdown
    where judged.is_withheld or gone.breakdown is not null
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
