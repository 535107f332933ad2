{# Respondents and the groups that their answers put them in, crosses left out, as a query: survey, year, respondent_no, group_no. #}
{% macro members_by_answer() %}
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
)

select * from answered
union all
select survey, year, respondents.respondent_no, definitions.group_no
from {{ ref('stg_respondents') }} as respondents
inner join definitions using (survey, year)
where definitions.item is null
{% endmacro %}
