-- Grain: one row per survey, year, breakdown and group, and one `_no_answer` row where the breakdown's item was
-- asked and left blank. Percent of those asked the breakdown's item (everybody, for a cross) and of those who
-- answered it.
with

members as (
    select * from {{ ref('int_released_composition') }}
),

asked as (
    select * from {{ ref('int_breakdown_bases') }}
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
    surveys.inference_scope,
from with_blanks
inner join {{ ref('dim_survey') }} as surveys
    on with_blanks.survey = surveys.survey
inner join asked
    on
        with_blanks.survey = asked.survey
        and with_blanks.year = asked.year
        and with_blanks.breakdown = asked.breakdown
order by with_blanks.survey, with_blanks.year, with_blanks.breakdown, with_blanks.group_key
