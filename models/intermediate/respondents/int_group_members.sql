-- Grain: one row per survey, year, respondent and group that the respondent is in, crosses included (`group_no` of
-- int_wave_groups). Groups are made of those who were asked the breakdown's item: an answer that the routing passes by counts
-- nowhere, and so it makes no group.
with

groups as (select * from {{ ref('int_wave_groups') }}),

definitions as (
    select survey, groups.year, groups.group_no, rules.source_item as item, rules.answers, rules.min_value, rules.max_value
    from groups
    inner join {{ ref('breakdowns') }} as rules using (survey, breakdown, group_key)
    where groups.year between coalesce(rules.year_from, groups.year) and coalesce(rules.year_to, groups.year)
),

by_answer as (
    select distinct survey, year, group_no, item, {{ each_of(split_list('answers')) }} as answer
    from definitions
    where answers is not null
),

asked as (
    select survey, year, item, respondent_no
    from {{ ref('int_responses') }}
    where in_universe and has_answer and item in (select item from definitions)
),

given as (
    select survey, year, item, respondent_no, told.answer, told.value
    from {{ ref('int_given_answers') }} as told
    inner join asked using (survey, year, item, respondent_no)
    where item in (select item from definitions)
),

-- Of several answers that name one group, one counts.
answered as (
    select survey, year, given.respondent_no, by_answer.group_no
    from given
    inner join by_answer using (survey, year, item, answer)
    union
    select survey, year, given.respondent_no, definitions.group_no
    from given
    inner join definitions using (survey, year, item)
    where
        definitions.answers is null
        and given.value between coalesce(definitions.min_value, given.value) and coalesce(definitions.max_value, given.value)
),

grouped as (
    select * from answered
    union all
    select survey, year, respondents.respondent_no, definitions.group_no
    from {{ ref('stg_respondents') }} as respondents
    inner join definitions using (survey, year)
    where definitions.item is null
),

-- A group of a cross, by its part in each dimension: two, or three.
combinations as (
    select
        survey, year, crossed.group_no,
        max(case when dimensions.dimension = 1 then part.group_no end) as a_no,
        max(case when dimensions.dimension = 2 then part.group_no end) as b_no,
        max(case when dimensions.dimension = 3 then part.group_no end) as c_no
    from groups as crossed
    inner join {{ ref('crosses') }} as dimensions using (survey, breakdown)
    inner join groups as part using (survey, year)
    where part.breakdown = dimensions.source_breakdown and part.group_key = split_part(crossed.group_key, '__', dimension)
    group by survey, year, crossed.group_no
),

crossed as (
    select a.survey, a.year, a.respondent_no, combinations.group_no, combinations.c_no
    from combinations
    inner join grouped as a
        on combinations.survey = a.survey and combinations.year = a.year and combinations.a_no = a.group_no
    inner join grouped as b
        on a.survey = b.survey and a.year = b.year and a.respondent_no = b.respondent_no and combinations.b_no = b.group_no
),

members as (
    select * from grouped
    union all
    select survey, year, respondent_no, group_no
    from crossed
    where c_no is null
    union all
    select crossed.survey, crossed.year, crossed.respondent_no, crossed.group_no
    from crossed
    inner join grouped as c
        on
            crossed.survey = c.survey and crossed.year = c.year and crossed.respondent_no = c.respondent_no
            and crossed.c_no = c.group_no
)

select survey, year, members.respondent_no, members.group_no, groups.serves_no
from members
inner join groups using (survey, year, group_no)
-- Those of a respondent lie together.
order by year, respondent_no
