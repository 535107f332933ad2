-- Grain: one row per survey, year and thing that the codebook makes of answers (kind item: a derived one; universe, and routing
-- for the derived answers in it; group, indicator), with what it is made of as far as the wave's form offers it. Two waves with
-- the same list mean the same by it.
with

parts as (
    select
        survey, 'item' as kind, item as thing, source_item, concat(answer, ' ', clause, ' ', operator) as part, answers,
        year_from, year_to
    from {{ ref('derivations') }}
    union all
    select
        survey, 'universe' as kind, universe as thing, item as source_item, concat(clause, ' ', operator) as part, answers,
        null as year_from, null as year_to
    from {{ ref('universes') }}
    union all
    -- The derived answers that a universe names.
    select
        clauses.survey, 'routing' as kind, clauses.universe as thing, derived.source_item,
        concat(clauses.clause, ' ', derived.answer, ' ', derived.clause, ' ', derived.operator) as part, derived.answers,
        derived.year_from, derived.year_to
    from {{ ref('universes') }} as clauses
    inner join {{ ref('derivations') }} as derived
        on
            clauses.survey = derived.survey
            and clauses.item = derived.item
            and array_contains({{ split_list('clauses.answers') }}, derived.answer)
    union all
    select
        survey, 'group' as kind, concat(breakdown, ':', group_key) as thing, source_item,
        concat_ws(' to ', coalesce(cast(min_value as string), 'any'), coalesce(cast(max_value as string), 'any')) as part,
        answers, year_from, year_to
    from {{ ref('breakdowns') }}
    where source_item is not null
    union all
    select
        survey, 'indicator' as kind, indicator as thing, item as source_item, 'for' as part, answers, null as year_from,
        null as year_to
    from {{ ref('indicators') }}
    where answers is not null
    union all
    select
        survey, 'indicator' as kind, indicator as thing, item as source_item, 'against' as part, negative_answers as answers,
        null as year_from, null as year_to
    from {{ ref('indicators') }}
    where negative_answers is not null
),

wanted as (
    select
        parts.survey,
        waves.year,
        parts.kind,
        parts.thing,
        parts.source_item,
        parts.part,
        {{ each_of(split_list("coalesce(parts.answers, '')")) }} as answer
    from parts
    inner join {{ ref('stg_item_waves') }} as waves
        on parts.survey = waves.survey and parts.source_item = waves.item and {{ in_range('waves.year', 'parts') }}
),

-- A range of numbers needs no answer on the form.
found as (
    select wanted.*, wanted.answer = '' or answers.answer is not null as is_offered
    from wanted
    left join {{ ref('int_item_answers') }} as answers
        on
            wanted.survey = answers.survey
            and wanted.year = answers.year
            and wanted.source_item = answers.item
            and wanted.answer = answers.answer
)

select
    survey,
    year,
    kind,
    thing,
    array_sort(array_agg(distinct source_item)) as sources,
    array_sort(array_agg(distinct concat_ws(' ', part, source_item, answer)) filter (where is_offered)) as made_of,
    coalesce(array_sort(array_agg(distinct answer) filter (where not is_offered)), {{ list_of([]) }}) as not_offered
from found
group by survey, year, kind, thing
having bool_or(is_offered)
