-- Grain: one row per survey, year, breakdown and group: its respondents.
select
    groups.survey,
    groups.year,
    groups.breakdown,
    groups.group_key,
    count(*) as respondents_n,
    sum(respondents.weight) as weight,
from {{ ref('int_groups') }} as groups
inner join {{ ref('stg_respondents') }} as respondents
    on
        groups.survey = respondents.survey
        and groups.year = respondents.year
        and groups.respondent_no = respondents.respondent_no
group by groups.survey, groups.year, groups.breakdown, groups.group_key
