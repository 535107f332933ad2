-- Grain: one row per survey, year, item, breakdown, group and `_all` (everybody asked) or `_no_answer` (asked,
-- left blank), for the items that tables print with their blanks.
with

printed as (
    select distinct
        survey,
        unnest(string_split(items, '|')) as item,
    from {{ ref('published_results') }}
    where denominator = 'asked' or answers like '%!_%' escape '!'
),

-- A breakdown that is printed as if it were an item stands on the blanks of the item it comes from.
wanted as (
    select survey, item
    from printed
    union
    select breakdowns.survey, breakdowns.source_item as item
    from {{ ref('breakdowns') }} as breakdowns
    semi join printed
        on breakdowns.survey = printed.survey and breakdowns.breakdown = printed.item
),

printed_groups as (
    select groups.*
    from {{ ref('int_groups') }} as groups
    semi join {{ ref('published_results') }} as results
        on groups.survey = results.survey and groups.breakdown = results.breakdown
),

bases as (
    select * from {{ ref('int_cells') }} where basis = 'as_published' and answer = '_base'
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
    semi join wanted
        on responses.survey = wanted.survey and responses.item = wanted.item
    inner join printed_groups as groups
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
        asked.n - coalesce(bases.n, 0) as n,
        asked.sum_w - coalesce(bases.sum_w, 0) as sum_w,
    from asked
    left join bases
        on
            asked.survey = bases.survey
            and asked.year = bases.year
            and asked.item = bases.item
            and asked.breakdown = bases.breakdown
            and asked.group_key = bases.group_key
)

select * from asked
union all
select * from blank
