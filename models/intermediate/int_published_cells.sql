-- Grain: one row per survey, year, item, answer, breakdown and group that a printed number may stand on: the cells of the
-- published basis and, for items that tables print with their blanks, `_all` (everybody asked) and `_no_answer` (asked, blank).
-- A breakdown that is no item (age groups, coarser occupations) counts as an item whose answers are its groups.
with

printed as (
    select distinct
        survey,
        unnest(string_split(items, '|')) as item,
    from {{ ref('published_results') }}
    where denominator not in ('none', 'margin') and (denominator = 'asked' or answers like '%\_%' escape '\')
),

cells as (
    select survey, year, item, answer, breakdown, group_key, n, sum_w, sum_wx
    from {{ ref('int_cells') }}
    where basis = 'as_published'
),

asked as (
    select
        responses.survey,
        responses.year,
        responses.item,
        '_all' as answer,
        groups.breakdown,
        groups.group_key,
        count(*) as n,
        sum(respondents.weight) as sum_w,
    from {{ ref('int_responses') }} as responses
    semi join printed
        on responses.survey = printed.survey and responses.item = printed.item
    inner join {{ ref('int_groups') }} as groups
        on
            responses.survey = groups.survey
            and responses.year = groups.year
            and responses.respondent_no = groups.respondent_no
    inner join {{ ref('stg_respondents') }} as respondents
        on
            responses.survey = respondents.survey
            and responses.year = respondents.year
            and responses.respondent_no = respondents.respondent_no
    where responses.state != 'not_applicable'
    group by all
),

blank as (
    select
        asked.survey,
        asked.year,
        asked.item,
        '_no_answer' as answer,
        asked.breakdown,
        asked.group_key,
        asked.n - coalesce(cells.n, 0) as n,
        asked.sum_w - coalesce(cells.sum_w, 0) as sum_w,
    from asked
    left join cells
        on
            asked.survey = cells.survey
            and asked.year = cells.year
            and asked.item = cells.item
            and cells.answer = '_base'
            and asked.breakdown = cells.breakdown
            and asked.group_key = cells.group_key
),

composition as (
    select *
    from {{ ref('fct_composition') }}
),

breakdown_items as (
    select
        composition.survey,
        composition.year,
        composition.breakdown as item,
        composition.group_key as answer,
        composition.respondents_n as n,
    from composition
    semi join printed
        on composition.survey = printed.survey and composition.breakdown = printed.item
    anti join {{ ref('items') }} as items
        on composition.survey = items.survey and composition.breakdown = items.item
),

breakdown_bases as (
    select
        breakdown_items.survey,
        breakdown_items.year,
        breakdown_items.item,
        base.answer,
        any_value(case
            when base.answer = '_base' then states.answered_n
            else states.asked_n
        end) as n,
    from breakdown_items
    inner join (
        select distinct survey, breakdown, source_item from {{ ref('dim_breakdown_group') }}
    ) as sources
        on breakdown_items.survey = sources.survey and breakdown_items.item = sources.breakdown
    inner join (
        select
            survey,
            year,
            item,
            sum(respondents_n) filter (where state in ('valid', 'dont_know')) as answered_n,
            sum(respondents_n) filter (where state in ('valid', 'dont_know', 'no_answer')) as asked_n,
        from {{ ref('fct_response_states') }}
        group by survey, year, item
    ) as states
        on
            sources.survey = states.survey
            and breakdown_items.year = states.year
            and sources.source_item = states.item
    cross join (values ('_base'), ('_all')) as base (answer)
    group by all
),

respondents as (
    select
        survey,
        year,
        'respondents' as item,
        unnest(['_all', '_base']) as answer,
        breakdown,
        group_key,
        respondents_n as n,
    from composition
)

select * from cells
union all
select *, null as sum_wx
from asked
union all
select *, null as sum_wx
from blank
union all
select survey, year, item, answer, 'total' as breakdown, 'total' as group_key, n, n as sum_w, null as sum_wx
from breakdown_items
union all
select survey, year, item, answer, 'total' as breakdown, 'total' as group_key, n, n as sum_w, null as sum_wx
from breakdown_bases
union all
select survey, year, item, answer, breakdown, group_key, n, n as sum_w, null as sum_wx
from respondents
