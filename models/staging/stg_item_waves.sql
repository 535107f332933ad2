-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing and, of a derived item, the
-- answers that the wave's form lets one derive. An item without a row in routing.csv is asked of everybody. `filter_no` counts
-- the universes of an item along its waves.
with

offered as (
    select distinct columns.survey, columns.year, columns.item, coalesce(columns.option, code_lists.answer) as answer
    from {{ ref('stg_columns') }} as columns
    left join {{ ref('code_lists') }} as code_lists on columns.code_list = code_lists.code_list
    where columns.ignored_reason is null
),

clauses as (
    select
        derivations.survey,
        waves.year,
        derivations.item,
        derivations.answer,
        derivations.clause,
        derivations.source_item,
        {{ each_of(split_list('derivations.answers')) }} as wanted
    from {{ ref('derivations') }} as derivations
    inner join {{ ref('waves') }} as waves
        on derivations.survey = waves.survey and {{ in_range('waves.year', 'derivations') }}
),

-- A clause none of whose answers is on the form says nothing of anybody.
told as (
    select
        clauses.survey,
        clauses.year,
        clauses.item,
        clauses.answer,
        clauses.clause,
        count(offered.item) > 0 as is_asked,
        coalesce(bool_or(offered.answer = clauses.wanted), false) as is_offered
    from clauses
    left join offered
        on clauses.survey = offered.survey and clauses.year = offered.year and clauses.source_item = offered.item
    group by clauses.survey, clauses.year, clauses.item, clauses.answer, clauses.clause
),

answers as (
    select survey, year, item, answer, bool_and(is_asked) as is_asked, bool_and(is_offered) as is_offered
    from told
    group by survey, year, item, answer
),

available as (
    -- A derived item exists where all its sources were asked and can give one of its answers.
    select survey, year, item, array_sort(array_agg(answer) filter (where is_offered)) as derived_answers
    from answers
    group by survey, year, item
    having bool_and(is_asked) and bool_or(is_offered)
    union all
    select distinct survey, year, item, null as derived_answers
    from offered
),

routed as (
    select
        available.*,
        items.type,
        items.answer_set,
        routing.universe,
        lag(coalesce(routing.universe, '')) over (
            partition by available.survey, available.item order by available.year
        ) as previous_universe
    from available
    inner join {{ ref('items') }} as items on available.survey = items.survey and available.item = items.item
    left join {{ ref('routing') }} as routing
        on
            available.survey = routing.survey
            and available.item = routing.item
            and {{ in_range('available.year', 'routing') }}
)

select
    survey,
    year,
    item,
    derived_answers,
    type,
    answer_set,
    universe,
    count(case when previous_universe != coalesce(universe, '') then 1 end) over (
        partition by survey, item order by year
    ) as filter_no,
    min(year) over (partition by survey, item) as first_year,
    max(year) over (partition by survey, item) as last_year,
    min(coalesce(universe, '')) over (partition by survey, item)
    < max(coalesce(universe, '')) over (partition by survey, item) as filter_changed
from routed
