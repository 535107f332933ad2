-- Grain: one row per survey, year, breakdown and group; one `_no_group` row of those whose answer no group takes, and one row
-- `_no_answer` of those who were asked the item and left it blank (or whom no clause of a derived item takes). Percent of those
-- asked, and of those who answered; a cross stands on everybody, and on those with a group in each of its parts.
with

members as (
    select survey, year, breakdown, group_key, n, sum_w
    from {{ ref('int_released_cells') }}
    where basis = 'as_published' and item = '_respondents'
),

totals as (
    select survey, year, item, answer, n, sum_w
    from {{ ref('int_released_cells') }}
    where basis = 'as_published' and breakdown = 'total'
),

-- A breakdown may be made of another item in another wave.
groupings as (
    select groups.survey, waves.year, groups.breakdown, groups.answers, groups.source_item as item
    from {{ ref('breakdowns') }} as groups
    inner join {{ ref('waves') }} as waves on groups.survey = waves.survey and {{ in_range('waves.year', 'groups') }}
    where groups.source_item is not null
),

sources as (
    select distinct survey, year, breakdown, item, types.answers_add_up and not types.has_numbers as has_cells
    from groupings
    inner join {{ ref('items') }} as items using (survey, item)
    inner join {{ ref('item_types') }} as types using (type)
),

bases as (
    select
        survey,
        year,
        breakdown,
        max(n) filter (where answer = '_asked') as asked_n,
        coalesce(max(n) filter (where answer = '_base'), 0) as answered_n,
        max(sum_w) filter (where answer = '_base') as answered_w
    from sources
    inner join totals using (survey, year, item)
    group by survey, year, breakdown
    union all
    select survey, year, breakdown, everybody.n as asked_n, sum(members.n) as answered_n, sum(members.sum_w) as answered_w
    from members
    inner join (select survey, year, n from members where breakdown = 'total') as everybody using (survey, year)
    anti join sources using (survey, year, breakdown)
    group by survey, year, breakdown, everybody.n
),

-- Answers that exclude each other have cells: those of the answers that are in no group of the year.
ungrouped as (
    select survey, year, breakdown, '_no_group' as group_key, sum(n) as n, sum(sum_w) as sum_w
    from sources
    inner join totals using (survey, year, item)
    anti join (select survey, year, breakdown, unnest(string_split(answers, '|')) as answer from groupings) as grouped
        using (survey, year, breakdown, answer)
    where has_cells and not starts_with(answer, '_')
    group by survey, year, breakdown
),

-- Numbers and sets of options have none: who answered, less those with a group. In profile `open` that is noise, and no row.
left_over as (
    select survey, year, breakdown, '_no_group' as group_key, answered_n - sum(n) as n, answered_w - sum(sum_w) as sum_w
    from bases
    inner join sources using (survey, year, breakdown)
    inner join members using (survey, year, breakdown)
    where not has_cells
    group by survey, year, breakdown, answered_n, answered_w
    having answered_n > sum(n) and not {{ is_open() }}
),

parts as (
    select * from members
    union all
    select * from ungrouped
    union all
    select * from left_over
    union all
    select survey, year, breakdown, '_no_answer' as group_key, asked_n - answered_n as n, null as sum_w
    from bases
    semi join sources using (survey, year, breakdown)
    where asked_n > answered_n
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
