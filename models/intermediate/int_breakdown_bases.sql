-- Grain: one row per survey, year and breakdown: who was asked the breakdown's item (everybody, for a cross or the total),
-- who answered it and who left it blank.
with

respondents as (
    select * from {{ ref('stg_respondents') }}
),

sources as (
    select distinct survey, breakdown, source_item
    from {{ ref('int_breakdown_groups') }}
)

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
