-- Grain: one row per codebook entry that nobody uses, is not reviewed, or leaves an item without exactly one route or an
-- answer without a source.
with

items as (
    select * from {{ ref('items') }}
),

crosswalk as (
    select * from {{ ref('columns') }}
),

unreviewed as (
    select
        'unreviewed' as check_name,
        survey, year, null as column_name, null as code,
        count(*) as problem_n,
        concat(
            'codebook/columns.csv: ', count(*), ' columns of ', survey, ' ', year, ' are not marked reviewed (the first is ',
            min(column_name), '). Check their items and code lists and mark them reviewed.'
        ) as sentence,
    from crosswalk
    where coalesce(review, '') != 'reviewed'
    group by survey, year
),

misrouted as (
    select
        'misrouted' as check_name,
        waves.survey, waves.year, null as column_name, null as code,
        count(routing.item) as problem_n,
        concat(
            'codebook/routing.csv: item ', waves.item, ' of ', waves.survey, ' ', waves.year, ' has ', count(routing.item),
            ' routes, and needs exactly one. Mend its year_from and year_to, or add the row (an empty universe means everybody).'
        ) as sentence,
    from {{ ref('stg_item_waves') }} as waves
    left join {{ ref('routing') }} as routing
        on
            waves.survey = routing.survey and waves.item = routing.item
            and waves.year between routing.year_from and coalesce(routing.year_to, waves.year)
    group by waves.survey, waves.year, waves.item
    having count(routing.item) != 1
),

used as (
    select 'items' as file, concat(survey, '/', item) as entry from crosswalk
    union
    select 'items' as file, concat(survey, '/', item) as entry from {{ ref('derivations') }}
    union
    select 'items' as file, concat(survey, '/', item) as entry from {{ ref('published_results') }}
    union
    select 'answers' as file, answer_set as entry from items
    union
    select 'answers' as file, 'selected' as entry
    union
    select 'code_lists' as file, code_list as entry from crosswalk
    union
    select 'universes' as file, concat(survey, '/', universe) as entry from {{ ref('routing') }}
    union
    select 'waves' as file, concat(survey, '/', year) as entry from crosswalk
    union
    select 'surveys' as file, survey as entry from {{ ref('waves') }}
),

declared as (
    select 'items' as file, survey, concat(survey, '/', item) as entry from items
    union
    select 'answers' as file, null as survey, answer_set as entry from {{ ref('answers') }}
    union
    select 'code_lists' as file, null as survey, code_list as entry from {{ ref('code_lists') }}
    union
    select 'universes' as file, survey, concat(survey, '/', universe) as entry from {{ ref('universes') }}
    union
    select 'waves' as file, survey, concat(survey, '/', year) as entry from {{ ref('waves') }}
    union
    select 'surveys' as file, survey, survey as entry from {{ ref('surveys') }}
),

unused as (
    select
        'unused' as check_name,
        declared.survey, null as year, null as column_name, null as code,
        1 as problem_n,
        concat(
            'codebook/', declared.file, '.csv: nothing uses ', declared.entry,
            '. Use it, or take it out; a name misspelt elsewhere looks like this too.'
        ) as sentence,
    from declared
    anti join used using (file, entry)
),

undeclared_universe as (
    select
        'undeclared_universe' as check_name,
        routing.survey, routing.year_from as year, null as column_name, null as code,
        count(*) as problem_n,
        concat(
            'codebook/routing.csv: item ', routing.item, ' of ', routing.survey, ' is routed by universe ', routing.universe,
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
            'codebook/derivations.csv: item ', items.item, ' of ', items.survey, ' is derived, but no clause gives its answer ',
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

select * from unreviewed
union all
select * from misrouted
union all
select * from unused
union all
select * from undeclared_universe
union all
select * from underived
