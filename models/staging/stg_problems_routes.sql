-- Grain: one row per item without exactly one route in a wave, route without a universe, or derived answer without
-- clauses.
with

items as (
    select * from {{ ref('items') }}
),

misrouted as (
    select
        'misrouted' as check_name,
        waves.survey, waves.year, null as column_name, null as code,
        count(routing.item) as problem_n,
        concat(
            'codebook/routing.csv: item ',
            waves.item,
            ' of ',
            waves.survey,
            ' ',
            waves.year,
            ' has ',
            count(routing.item),
            ' routes, and needs exactly one. ',
            'Mend its year_from and year_to, or add the row (an empty universe means everybody).'
        ) as sentence,
    from {{ ref('stg_item_waves') }} as waves
    left join {{ ref('routing') }} as routing
        on
            waves.survey = routing.survey and waves.item = routing.item
            and waves.year between routing.year_from and coalesce(routing.year_to, waves.year)
    group by waves.survey, waves.year, waves.item
    having count(routing.item) != 1
),

undeclared_universe as (
    select
        'undeclared_universe' as check_name,
        routing.survey, routing.year_from as year, null as column_name, null as code,
        count(*) as problem_n,
        concat(
            'codebook/routing.csv: item ',
            routing.item,
            ' of ',
            routing.survey,
            ' is routed by universe ',
            routing.universe,
            ', which universes.csv does not have. Add its clauses, or correct the name.'
        ) as sentence,
    from {{ ref('routing') }} as routing
    anti join {{ ref('universes') }} as universes
        on routing.survey = universes.survey and routing.universe = universes.universe
    where routing.universe is not null
    group by all
),

underived as (
    select
        'underived' as check_name,
        items.survey, null as year, null as column_name, answers.answer as code,
        1 as problem_n,
        concat(
            'codebook/derivations.csv: item ',
            items.item,
            ' of ',
            items.survey,
            ' is derived, but no clause gives its answer ',
            answers.answer, '. Add the clauses, or take the answer out of answer set ', items.answer_set, '.'
        ) as sentence,
    from items
    semi join {{ ref('derivations') }} as derived
        on items.survey = derived.survey and items.item = derived.item
    inner join {{ ref('answers') }} as answers
        on items.answer_set = answers.answer_set
    anti join {{ ref('derivations') }} as given
        on items.survey = given.survey and items.item = given.item and answers.answer = given.answer
)

select * from misrouted
union all
select * from undeclared_universe
union all
select * from underived
