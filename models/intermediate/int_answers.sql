-- depends_on: {{ ref('int_routing_problems') }}
-- Grain: one row per survey, year, basis, item, respondent and answer counted, and one `_base` row per respondent
-- of a multi-select or allocation set (the answers of a single-choice item add up to its base, those of a set do
-- not).
with

responses as (
    select * from {{ ref('int_responses') }} where has_answer
),

bases as (
    select *, 'as_published' as basis,
    from responses
    where in_universe
    union all
    select *, 'like_for_like' as basis,
    from responses
    where in_like_for_like
),

weighted as (
    select
        bases.survey,
        bases.year,
        bases.basis,
        bases.item,
        bases.respondent_no,
        items.type,
        respondents.weight,
    from bases
    inner join {{ ref('stg_respondents') }} as respondents
        on
            bases.survey = respondents.survey
            and bases.year = respondents.year
            and bases.respondent_no = respondents.respondent_no
    inner join {{ ref('items') }} as items
        on bases.survey = items.survey and bases.item = items.item
),

counted as (
    select
        weighted.*,
        coalesce(given.answer, '_value') as answer,
        given.value,
        cast(weighted.weight * given.value as decimal(18, 9)) as weighted_value,
    from weighted
    inner join {{ ref('int_given') }} as given
        on
            weighted.survey = given.survey
            and weighted.year = given.year
            and weighted.item = given.item
            and weighted.respondent_no = given.respondent_no
    where given.answer is not null or given.value is not null
),

with_bases as (
    select * from counted
    union all
    select
        *,
        '_base' as answer,
        null as value,
        null as weighted_value,
    from weighted
    where type in ('multi', 'allocation', 'open_coded')
)

select
    survey,
    year,
    basis,
    item,
    respondent_no,
    answer,
    weight,
    value,
    weighted_value,
from with_bases
