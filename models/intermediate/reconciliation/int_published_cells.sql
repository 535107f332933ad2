-- Grain: one row per survey, year, item, answer, breakdown and group that a printed number may stand on: the cells of the
-- published basis, the blanks (`_no_answer`), and the respondents themselves. A breakdown that is no item (age groups, coarser
-- occupations) counts as an item whose answers are its groups. By a breakdown only items of which something is printed by it.
with

printed as (
    select distinct survey, breakdown, unnest(string_split(items, '|')) as item from {{ ref('published_results') }}
),

cells as (
    select survey, year, item, answer, breakdown, group_key, n, sum_w, sum_wx
    from {{ ref('int_released_cells') }}
    left join printed using (survey, breakdown, item)
    where
        basis = 'as_published'
        and conf_status != 'C'
        and (breakdown = 'total' or item = '_respondents' or printed.breakdown is not null)
),

blanks as (
    select
        asked.survey,
        asked.year,
        asked.item,
        '_no_answer' as answer,
        asked.breakdown,
        asked.group_key,
        asked.n - coalesce(bases.n, 0) as n,
        asked.sum_w - coalesce(bases.sum_w, 0) as sum_w
    from cells as asked
    left join cells as bases
        on
            asked.survey = bases.survey
            and asked.year = bases.year
            and asked.item = bases.item
            and asked.breakdown = bases.breakdown
            and asked.group_key = bases.group_key
            and bases.answer = '_base'
    where asked.answer = '_asked'
),

known as (
    select * from cells
    union all by name
    select * from blanks
),

-- A breakdown that is printed as if it were an item stands on who was asked, and who answered, the item that it comes from; that
-- may be another one in another wave.
sources as (
    select distinct groups.survey, waves.year, groups.breakdown, groups.source_item
    from {{ ref('breakdowns') }} as groups
    inner join {{ ref('waves') }} as waves on groups.survey = waves.survey and {{ in_range('waves.year', 'groups') }}
    where concat(groups.survey, ':', groups.breakdown) not in (select concat(survey, ':', item) from {{ ref('items') }})
),

groups_as_answers as (
    select known.survey, known.year, known.breakdown as item, known.group_key as answer, known.n
    from known
    inner join sources using (survey, year, breakdown)
    where known.item = '_respondents'
    union all
    select known.survey, known.year, sources.breakdown as item, known.answer, known.n
    from known
    inner join sources
        on known.survey = sources.survey and known.year = sources.year and known.item = sources.source_item
    where known.breakdown = 'total' and known.answer in ('_base', '_asked', '_no_answer')
)

select survey, year, item, answer, breakdown, group_key, n, sum_w, sum_wx
from known
where item != '_respondents'
union all
select survey, year, item, answer, 'total' as breakdown, 'total' as group_key, n, n as sum_w, null as sum_wx
from groups_as_answers
union all
select survey, year, 'respondents' as item, '_asked' as answer, breakdown, group_key, n, n as sum_w, null as sum_wx
from known
where item = '_respondents'
