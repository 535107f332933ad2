-- Grain: one row per survey, year, table family, breakdown and group that profile `open` withholds.
-- Of breakdowns whose groups add up to one another's (codebook: disclosure_families) one is released, and no cross: the
-- difference of two such tables is a handful of people.
with

judged as (
    select * from {{ ref('int_disclosure_cuts') }}
),

released as (
    select
        survey,
        year,
        family,
        breakdown,
        count(*) filter (where not is_withheld) as released_n,
    from judged
    group by survey, year, family, breakdown
),

-- Of the breakdowns whose groups add up to one another's, the first that has a group left stays.
ranked as (
    select
        released.*,
        row_number() over (
            partition by released.survey, released.year, released.family, relatives.family
            order by released.released_n > 0 desc, relatives.priority
        ) as rank_in_family,
    from released
    inner join {{ ref('disclosure_families') }} as relatives
        on released.survey = relatives.survey and released.breakdown = relatives.breakdown
),

gone as (
    select distinct survey, year, family, breakdown
    from ranked
    where rank_in_family > 1
    union
    select distinct released.survey, released.year, released.family, released.breakdown
    from released
    semi join {{ ref('crosses') }} as crosses
        on released.survey = crosses.survey and released.breakdown = crosses.breakdown
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
