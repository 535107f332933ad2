-- Grain: one row per reference of the codebook that leads nowhere: to an item, an answer, a code list or a universe.
with

crosswalk as (
    select * from {{ ref('stg_columns') }} where ignored_reason is null
),

serving as (
    select survey, breakdown, serves from {{ ref('breakdowns') }}
    union
    select survey, breakdown, serves from {{ ref('crosses') }}
),

-- Every place of the codebook that names an item, and some of its answers.
mentions as (
    select 'derivations' as file, concat(item, ' = ', answer) as entry, survey, source_item as item, answers
    from {{ ref('derivations') }}
    union all
    select 'derivations' as file, item as entry, survey, item, answer as answers from {{ ref('derivations') }}
    union all
    select 'universes' as file, universe as entry, survey, item, answers from {{ ref('universes') }}
    union all
    select 'breakdowns' as file, concat(breakdown, ':', group_key) as entry, survey, source_item as item, answers
    from {{ ref('breakdowns') }}
    where source_item is not null
    union all
    select
        'breakdowns' as file, concat('serves of ', breakdown) as entry, survey, unnest(string_split(serves, '|')) as item,
        null as answers
    from serving
    where serves != 'composition'
    union all
    select 'indicators' as file, indicator as entry, survey, item, concat_ws('|', answers, negative_answers) as answers
    from {{ ref('indicators') }}
    union all
    select 'columns' as file, concat(column_name, ' (', year, ')') as entry, survey, item, option as answers from crosswalk
    union all
    select 'changes' as file, change_id as entry, survey, item, null as answers
    from {{ changes_by_item() }} as changes
    where change_type != 'context_event' or item != '*'
    union all
    select 'routing' as file, item as entry, survey, item, null as answers from {{ ref('routing') }}
),

named as (
    select
        mentions.* exclude (answers),
        items.item is not null as is_known,
        items.answer_set,
        unnest(string_split(coalesce(nullif(mentions.answers, ''), '*'), '|')) as answer
    from mentions
    left join {{ ref('items') }} as items using (survey, item)
),

nowhere as (
    select distinct named.*
    from named
    left join {{ ref('answers') }} as answers using (answer_set, answer)
    where not named.is_known or (named.answer != '*' and answers.answer is null)
),

lists as (
    select
        crosswalk.*,
        code_lists.code,
        code_lists.answer,
        case when crosswalk.option is null then items.answer_set else 'selected' end as answer_set
    from crosswalk
    left join {{ ref('code_lists') }} as code_lists using (code_list)
    left join {{ ref('items') }} as items using (survey, item)
    where crosswalk.code_list is not null
)

select
    {{ finding('unknown_reference', "concat('codebook/', file, '.csv, ', entry)", survey='survey',
        values=['file', 'entry', 'survey', "coalesce(nullif(item, ''), '(blank)')",
            "case when is_known then concat(', answer ', answer, ', which answer set ', answer_set, ' in answers.csv') "
            ~ "else ', which items.csv' end"],
        text='codebook/{}.csv: {} of {} names item {}{} does not have. Correct the name, or add the missing row.') }}
from nowhere
union all
select
    {{ finding('unknown_list', "concat('codebook/columns.csv, column ', column_name)", survey='survey', year='year',
        values=['column_name', 'survey', 'year', 'code_list',
            "case when code is null then ', which code_lists.csv does not have' "
            ~ "else concat(', whose code ', code, ' means ', lists.answer, ', no answer of item ', item) end"],
        text='codebook/columns.csv: column {} of {} {} uses code list {}{}. Correct the list or the answer.') }}
from lists
left join {{ ref('answers') }} as answers using (answer_set, answer)
where answers.answer_kind is null and not coalesce({{ is_no_answer('lists.answer') }}, false)
union all
select
    {{ finding('undeclared_universe', "concat('codebook/routing.csv, item ', item)", survey='survey', year='year_from',
        values=['item', 'survey', 'universe'],
        text='codebook/routing.csv: item {} of {} is routed by universe {}, which universes.csv does not have. Add its clauses, or '
        ~ 'correct the name.') }}
from {{ ref('routing') }}
anti join {{ ref('universes') }} using (survey, universe)
where universe is not null
