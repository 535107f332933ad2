-- Grain: one row per survey, year, breakdown and group, and one `_no_answer` row where the breakdown's item was
-- asked and left blank. Percent of those asked the breakdown's item (everybody, for a cross) and of those who
-- answered it.
with

respondents as (
    select * from {{ ref('stg_respondents') }}
),

sources as (
    select distinct survey, breakdown, source_item
    from {{ ref('dim_breakdown_group') }}
),

members as (
    select members.*
    from {{ ref('int_composition') }} as members
    anti join {{ ref('int_withheld_groups') }} as withheld
        on
            members.survey = withheld.survey
            and members.year = withheld.year
            and withheld.family = '_respondents'
            and members.breakdown = withheld.breakdown
            and members.group_key = withheld.group_key
),

asked as (
    select
        responses.survey,
        responses.year,
        sources.breakdown,
        count(*) filter (where responses.state != 'not_applicable') as asked_n,
        count(*) filter (where responses.state in ('valid', 'dont_know')) as answered_n,
        count(*) filter (where responses.state = 'no_answer') as no_answer_n,
        sum(respondents.weight) filter (where responses.state in ('valid', 'dont_know')) as answered_w,
    from sources
    inner join {{ ref('int_responses') }} as responses
        on sources.survey = responses.survey and sources.source_item = responses.item
    inner join respondents
        on
            responses.survey = respondents.survey
            and responses.year = respondents.year
            and responses.respondent_no = respondents.respondent_no
    group by responses.survey, responses.year, sources.breakdown
    union all
    select
        respondents.survey,
        respondents.year,
        sources.breakdown,
        count(*) as asked_n,
        count(*) as answered_n,
        0 as no_answer_n,
        sum(respondents.weight) as answered_w,
    from sources
    inner join respondents
        on sources.survey = respondents.survey
    where sources.source_item is null
    group by respondents.survey, respondents.year, sources.breakdown
),

with_blanks as (
    select * from members
    union all
    select
        survey,
        year,
        breakdown,
        '_no_answer' as group_key,
        no_answer_n as respondents_n,
        cast(null as decimal(38, 9)) as weight,
    from asked
    where no_answer_n > 0
)

select
    with_blanks.survey,
    with_blanks.year,
    with_blanks.breakdown,
    with_blanks.group_key,
    with_blanks.respondents_n,
    100.0 * with_blanks.respondents_n / asked.asked_n as pct_of_respondents,
    case
        when with_blanks.group_key != '_no_answer' then 100.0 * with_blanks.respondents_n / asked.answered_n
    end as pct_of_answered,
    100.0 * cast(with_blanks.weight as double) / cast(asked.answered_w as double) as weighted_pct,
from with_blanks
inner join asked
    on
        with_blanks.survey = asked.survey
        and with_blanks.year = asked.year
        and with_blanks.breakdown = asked.breakdown
order by with_blanks.survey, with_blanks.year, with_blanks.breakdown, with_blanks.group_key
