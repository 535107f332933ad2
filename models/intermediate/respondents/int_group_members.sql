-- Grain: one row per survey, year, respondent and group that the respondent is in, crosses included (`group_no` of
-- int_wave_groups). Groups are made of those who were asked the breakdown's item: an answer that the routing passes by counts
-- nowhere, and so it makes no group.
with

groups as (select * from {{ ref('int_wave_groups') }}),

grouped as (
    {{ step('int_members_by_answer', members_by_answer()) | indent }}
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

select survey, year, members.respondent_no, group_no, groups.serves_no
from members
inner join groups using (survey, year, group_no)
-- Those of a respondent lie together.
order by year, respondent_no
