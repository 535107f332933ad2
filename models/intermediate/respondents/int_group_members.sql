-- Grain: one row per survey, year, respondent and breakdown the respondent has a group in (crosses included). Groups are made of
-- those who were asked the breakdown's item: an answer that the routing passes by counts nowhere, and so it makes no group.
with

definitions as (
    select * from {{ ref('breakdowns') }}
),

everybody as (
    select
        respondents.survey,
        respondents.year,
        respondents.respondent_no,
        definitions.breakdown,
        definitions.group_key
    from {{ ref('stg_respondents') }} as respondents
    inner join definitions using (survey)
    where definitions.source_item is null
),

grouped as (
    select distinct
        given.survey,
        given.year,
        given.respondent_no,
        definitions.breakdown,
        definitions.group_key
    from definitions
    inner join {{ ref('int_given_answers') }} as given
        on definitions.survey = given.survey and definitions.source_item = given.item
    inner join {{ ref('int_responses') }} as responses
        on
            given.survey = responses.survey
            and given.year = responses.year
            and given.item = responses.item
            and given.respondent_no = responses.respondent_no
    where
        responses.in_universe
        and responses.has_answer
        and given.year between coalesce(definitions.year_from, given.year) and coalesce(definitions.year_to, given.year)
        and (
            list_contains(string_split(definitions.answers, '|'), given.answer)
            or (
                definitions.answers is null
                and given.value >= coalesce(definitions.min_value, given.value)
                and given.value <= coalesce(definitions.max_value, given.value)
            )
        )
),

dimensions as (
    select
        *,
        count(*) over (partition by survey, breakdown) as dimension_n
    from {{ ref('crosses') }}
),

crossed as (
    select
        grouped.survey,
        grouped.year,
        grouped.respondent_no,
        dimensions.breakdown,
        string_agg(grouped.group_key, '__' order by dimensions.dimension) as group_key
    from dimensions
    inner join grouped
        on dimensions.survey = grouped.survey and dimensions.source_breakdown = grouped.breakdown
    group by grouped.survey, grouped.year, grouped.respondent_no, dimensions.breakdown
    having count(*) = max(dimensions.dimension_n)
)

select * from everybody
union all
select * from grouped
union all
select * from crossed
