-- Grain: one row per survey, year, item, answer, breakdown and group that a printed number may stand on: the cells
-- of the published basis, the blanks, and the respondents themselves. A breakdown that is no item (age groups,
-- coarser occupations) counts as an item whose answers are its groups.
with

cells as (
    select survey, year, item, answer, breakdown, group_key, n, sum_w, sum_wx
    from {{ ref('int_released_cells') }}
    where basis = 'as_published'
),

composition as (
    select * from {{ ref('int_released_composition') }}
),

sources as (
    select distinct survey, breakdown, source_item
    from {{ ref('breakdowns') }}
    where concat(survey, ':', breakdown) not in (select concat(survey, ':', item) from {{ ref('items') }})
),

asked as (
    select asked.*
    from {{ ref('int_asked_cells') }} as asked
    anti join {{ ref('int_withheld_places') }} as withheld
        on
            asked.survey = withheld.survey
            and asked.year = withheld.year
            and asked.item = withheld.item
            and asked.breakdown = withheld.breakdown
            and asked.group_key = withheld.group_key
),

source_bases as (
    select survey, year, item, answer, n
    from cells
    where answer = '_base' and breakdown = 'total'
    union all
    select survey, year, item, answer, n
    from asked
    where breakdown = 'total'
),

groups_as_answers as (
    select
        composition.survey,
        composition.year,
        composition.breakdown as item,
        composition.group_key as answer,
        composition.respondents_n as n,
    from composition
    inner join sources
        on composition.survey = sources.survey and composition.breakdown = sources.breakdown
    union all
    select
        source_bases.survey,
        source_bases.year,
        sources.breakdown as item,
        source_bases.answer,
        source_bases.n,
    from sources
    inner join source_bases
        on sources.survey = source_bases.survey and sources.source_item = source_bases.item
)

select survey, year, item, answer, breakdown, group_key, n, sum_w, sum_wx
from cells
union all
select survey, year, item, answer, breakdown, group_key, n, sum_w, null as sum_wx
from asked
union all
select survey, year, item, answer, 'total' as breakdown, 'total' as group_key, n, n as sum_w, null as sum_wx
from groups_as_answers
union all
select
    survey,
    year,
    'respondents' as item,
    '_all' as answer,
    breakdown,
    group_key,
    respondents_n as n,
    respondents_n as sum_w,
    null as sum_wx,
from composition
