-- Grain: one row per survey, year, breakdown and group; one `_no_group` row of those whose answer no group takes, and one
-- `_no_answer` row of those who were asked the breakdown's item and left it blank. Percent of those asked the item and of those
-- who answered it. A cross stands on everybody, and of those who answered on everybody with a group in each of its parts.
with

cells as (
    select * from {{ ref('int_released_cells') }} where basis = 'as_published'
),

sources as (
    select distinct breakdowns.survey, breakdowns.breakdown, source_item, types.answers_add_up
    from {{ ref('breakdowns') }} as breakdowns
    left join {{ ref('items') }} as items on breakdowns.survey = items.survey and breakdowns.source_item = items.item
    left join {{ ref('item_types') }} as types using (type)
    union
    select distinct survey, breakdown, null as source_item, null as answers_add_up
    from {{ ref('crosses') }}
),

members as (
    select survey, year, breakdown, group_key, n, sum_w
    from cells
    where item = '_respondents'
),

everybody as (
    select survey, year, n from members where breakdown = 'total'
),

bases as (
    select
        sources.survey,
        cells.year,
        sources.breakdown,
        max(cells.n) filter (where cells.answer = '_asked') as asked_n,
        coalesce(max(cells.n) filter (where cells.answer = '_base'), 0) as answered_n,
        max(cells.sum_w) filter (where cells.answer = '_base') as answered_w
    from sources
    inner join cells on sources.survey = cells.survey and sources.source_item = cells.item
    where cells.breakdown = 'total' and cells.answer in ('_asked', '_base')
    group by sources.survey, cells.year, sources.breakdown
    union all
    select survey, year, breakdown, everybody.n as asked_n, sum(members.n) as answered_n, sum(members.sum_w) as answered_w
    from members
    inner join sources using (survey, breakdown)
    inner join everybody using (survey, year)
    where sources.source_item is null
    group by survey, year, breakdown, everybody.n
),

-- Of an item that takes one answer: those whose answer is in no group of the year.
ungrouped as (
    select
        sources.survey,
        cells.year,
        sources.breakdown,
        '_no_group' as group_key,
        sum(cells.n) as n,
        sum(cells.sum_w) as sum_w
    from sources
    inner join cells on sources.survey = cells.survey and sources.source_item = cells.item
    semi join members on sources.survey = members.survey and cells.year = members.year and sources.breakdown = members.breakdown
    anti join {{ ref('breakdowns') }} as breakdowns
        on
            sources.survey = breakdowns.survey
            and sources.breakdown = breakdowns.breakdown
            and {{ in_range('cells.year', 'breakdowns') }}
            and (breakdowns.answers is null or list_contains(string_split(breakdowns.answers, '|'), cells.answer))
    where sources.answers_add_up and cells.breakdown = 'total' and not starts_with(cells.answer, '_')
    group by sources.survey, cells.year, sources.breakdown
),

parts as (
    select * from members
    union all
    select * from ungrouped
    union all
    select survey, year, breakdown, '_no_answer' as group_key, asked_n - answered_n as n, null as sum_w
    from bases
    inner join sources using (survey, breakdown)
    where asked_n > answered_n and sources.source_item is not null
)

select
    survey,
    year,
    breakdown,
    parts.group_key,
    cast(parts.n as bigint) as respondents_n,
    100.0 * parts.n / bases.asked_n as pct_of_respondents,
    case when parts.group_key != '_no_answer' then 100.0 * parts.n / bases.answered_n end as pct_of_answered,
    100.0 * cast(parts.sum_w as double) / cast(bases.answered_w as double) as weighted_pct,
    surveys.inference_scope
from parts
inner join {{ ref('surveys') }} as surveys using (survey)
inner join bases using (survey, year, breakdown)
order by survey, year, breakdown, parts.group_key
