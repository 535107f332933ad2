-- Grain: one row per survey, year, table family and breakdown: a table that profile `open` withholds whole, because another
-- one that it releases would give its cells back by subtraction. `is_passed_on`: the families it routes go with it.
with

released as (
    select
        survey,
        year,
        family,
        breakdown,
        count(*) filter (where not is_withheld) as released_n,
    from {{ ref('int_disclosure_cuts') }}
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

-- Breakdowns with the family of the item behind them, background and the first questions first.
sources as (
    select
        breakdowns.survey,
        breakdowns.breakdown,
        families.family,
        min((items.theme != 'background', coalesce(try_cast(items.question_no as integer), 0), families.family)) over (
            partition by breakdowns.survey, families.family
        ) as place,
    from (select distinct survey, breakdown, source_item from {{ ref('breakdowns') }}) as breakdowns
    inner join {{ ref('int_table_families') }} as families
        on breakdowns.survey = families.survey and breakdowns.source_item = families.item
    inner join {{ ref('items') }} as items
        on breakdowns.survey = items.survey and breakdowns.source_item = items.item
),

routes as (
    select * from {{ ref('int_family_routes') }}
),

grouping_families as (
    select distinct survey, family, place
    from sources
),

withheld as (
    select survey, year, family, breakdown, true as is_passed_on
    from ranked
    where rank_in_family > 1
    union all
    -- No cross: its groups are the parts of other groups.
    select released.survey, released.year, released.family, released.breakdown, false as is_passed_on
    from released
    semi join {{ ref('crosses') }} as crosses
        on released.survey = crosses.survey and released.breakdown = crosses.breakdown
    union all
    -- Of two items that both form groups, the table stands once, by the groups of the first; none stands by its own groups.
    select released.survey, released.year, released.family, released.breakdown, false as is_passed_on
    from released
    inner join sources
        on released.survey = sources.survey and released.breakdown = sources.breakdown
    inner join grouping_families
        on released.survey = grouping_families.survey and released.family = grouping_families.family
    where grouping_families.place <= sources.place
    union all
    -- Groups of those whom an answer let through to the question behind the groups are a part of that answer.
    select released.survey, released.year, released.family, released.breakdown, false as is_passed_on
    from released
    inner join sources
        on released.survey = sources.survey and released.breakdown = sources.breakdown
    inner join routes
        on
            released.survey = routes.survey
            and released.year = routes.year
            and released.family = routes.routing_family
            and sources.family = routes.family
    union all
    -- So are they of the groups formed by that answer: their difference is those who left the second question blank.
    select parts.survey, parts.year, parts.family, parts.breakdown, false as is_passed_on
    from released as parts
    inner join sources as part_sources
        on parts.survey = part_sources.survey and parts.breakdown = part_sources.breakdown
    inner join routes
        on parts.survey = routes.survey and parts.year = routes.year and part_sources.family = routes.family
    inner join sources as whole_sources
        on routes.survey = whole_sources.survey and routes.routing_family = whole_sources.family
    inner join released as wholes
        on
            parts.survey = wholes.survey
            and parts.year = wholes.year
            and parts.family = wholes.family
            and whole_sources.breakdown = wholes.breakdown
    where wholes.released_n > 0
)

select survey, year, family, breakdown, bool_or(is_passed_on) as is_passed_on
from withheld
group by survey, year, family, breakdown
