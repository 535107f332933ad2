-- Grain: one row per survey, year, item and respondent state. Items of the codebook that a wave left out are
-- `not_asked`.
with

asked as (
    select distinct survey, item, year
    from {{ ref('int_responses') }}
),

counted as (
    select
        survey,
        year,
        item,
        state,
        count(*) as respondents_n,
    from {{ ref('int_responses') }} as responses
    -- Where an answer is withheld, the split of the answers into valid and don't know could give it back; where the base is,
    -- so could the number of those routed past.
    anti join {{ ref('int_withheld_answers') }} as withheld
        on
            responses.survey = withheld.survey
            and responses.year = withheld.year
            and responses.item = withheld.item
            and (responses.state in ('valid', 'dont_know') or withheld.answer = '_base')
    group by survey, year, item, state
),

not_asked as (
    select
        items.survey,
        waves.year,
        items.item,
        'not_asked' as state,
        waves.respondents_n,
    from {{ ref('items') }} as items
    inner join {{ ref('dim_wave') }} as waves
        on items.survey = waves.survey
    anti join asked
        on items.survey = asked.survey and items.item = asked.item and waves.year = asked.year
)

select survey, year, item, state, respondents_n
from counted
union all
select survey, year, item, state, respondents_n
from not_asked
order by survey, year, item, state
