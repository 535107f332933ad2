-- Grain: one row per survey, year, breakdown and group, and one `_no_answer` row where the breakdown's item was
-- asked and left blank. Percent of those asked the breakdown's item (everybody, for a cross) and of those who
-- answered it.
with

cells as (
    select * from {{ ref('int_released_cells') }} where basis = 'as_published'
),

members as (
    select survey, year, breakdown, group_key, n, sum_w
    from cells
    where item = '_respondents'
),

-- A cross, and the whole sample, rest on everybody.
sources as (
    select distinct survey, breakdown, coalesce(source_item, '_respondents') as item
    from {{ ref('breakdowns') }}
    union
    select distinct survey, breakdown, '_respondents' as item
    from {{ ref('crosses') }}
),

bases as (
    select
        sources.survey,
        cells.year,
        sources.breakdown,
        max(cells.n) filter (
            where cells.answer = case sources.item when '_respondents' then '_base' else '_asked' end
        ) as asked_n,
        max(cells.n) filter (where cells.answer = '_base') as answered_n,
        max(cells.sum_w) filter (where cells.answer = '_base') as answered_w
    from sources
    inner join cells using (survey, item)
    where cells.breakdown = 'total' and cells.answer in ('_asked', '_base')
    group by sources.survey, cells.year, sources.breakdown
),

with_blanks as (
    select * from members
    union all
    select
        survey,
        year,
        breakdown,
        '_no_answer' as group_key,
        asked_n - answered_n as n,
        null as sum_w
    from bases
    where asked_n > answered_n
)

select
    survey,
    year,
    breakdown,
    with_blanks.group_key,
    with_blanks.n as respondents_n,
    100.0 * with_blanks.n / bases.asked_n as pct_of_respondents,
    case when with_blanks.group_key != '_no_answer' then 100.0 * with_blanks.n / bases.answered_n end as pct_of_answered,
    100.0 * cast(with_blanks.sum_w as double) / cast(bases.answered_w as double) as weighted_pct,
    surveys.inference_scope
from with_blanks
inner join {{ ref('surveys') }} as surveys using (survey)
inner join bases using (survey, year, breakdown)
order by survey, year, breakdown, with_blanks.group_key
