-- Grain: one row per reference inside the codebook that leads nowhere.
with

items as (
    select * from {{ ref('items') }}
),

answers as (
    select * from {{ ref('answers') }}
),

crosswalk as (
    select * from {{ ref('columns') }} where ignored_reason is null
),

-- Every place of the codebook that names an item and some of its answers.
mentions as (
    select 'derivations' as file, concat(item, ' = ', answer) as entry, survey, source_item as item, answers
    from {{ ref('derivations') }}
    union all
    select 'derivations' as file, item as entry, survey, item, answer as answers
    from {{ ref('derivations') }}
    union all
    select 'universes' as file, universe as entry, survey, item, answers
    from {{ ref('universes') }}
    union all
    select 'breakdowns' as file, concat(breakdown, ':', group_key) as entry, survey, source_item as item, answers
    from {{ ref('breakdowns') }}
    where source_item is not null
    union all
    select 'indicators' as file, indicator as entry, survey, item, concat_ws('|', answers, negative_answers) as answers
    from {{ ref('indicators') }}
    union all
    select 'columns' as file, concat(column_name, ' (', year, ')') as entry, survey, item, option as answers
    from crosswalk
    union all
    select 'changes' as file, change_id as entry, survey, item, null as answers
    from {{ ref('changes') }}
    where change_type != 'context_event'
    union all
    select 'routing' as file, item as entry, survey, item, null as answers
    from {{ ref('routing') }}
),

named as (
    select
        mentions.file,
        mentions.entry,
        mentions.survey,
        mentions.item,
        items.answer_set,
        items.item is not null as is_known_item,
        unnest(string_split(coalesce(nullif(mentions.answers, ''), '*'), '|')) as answer,
    from mentions
    left join items
        on mentions.survey = items.survey and mentions.item = items.item
),

unknown_reference as (
    select
        'unknown_reference' as check_name,
        named.survey, null as year, null as column_name, named.answer as code,
        count(*) as problem_n,
        concat(
            'codebook/', named.file, '.csv: ', named.entry, ' of ', named.survey, ' names item ', named.item,
            case
                when named.is_known_item then concat(', answer ', named.answer, ', which answer set ', named.answer_set)
            end,
            case when named.is_known_item then ' in answers.csv' else ', which items.csv' end,
            ' does not have. Correct the name, or add the missing row.'
        ) as sentence,
    from named
    left join answers
        on named.answer_set = answers.answer_set and named.answer = answers.answer
    where not named.is_known_item or (named.answer != '*' and answers.answer is null)
    group by all
),

unknown_list as (
    select
        'unknown_list' as check_name,
        crosswalk.survey, crosswalk.year, crosswalk.column_name, code_lists.code,
        count(*) as problem_n,
        concat(
            'codebook/columns.csv: column ', crosswalk.column_name, ' of ', crosswalk.survey, ' ', crosswalk.year,
            ' uses code list ', crosswalk.code_list,
            case
                when code_lists.code is null then ', which code_lists.csv does not have. '
                else
                    concat(
                        ', whose code ',
                        code_lists.code,
                        ' means ',
                        code_lists.answer,
                        ', no answer of item ',
                        crosswalk.item,
                        '. '
                    )
            end,
            'Correct the list or the answer.'
        ) as sentence,
    from crosswalk
    left join {{ ref('code_lists') }} as code_lists
        on crosswalk.code_list = code_lists.code_list
    left join items
        on crosswalk.survey = items.survey and crosswalk.item = items.item
    left join answers
        on
            code_lists.answer = answers.answer
            and answers.answer_set = case when crosswalk.option is null then items.answer_set else 'selected' end
    where crosswalk.code_list is not null and answers.answer is null
    group by all
)

select * from unknown_reference
union all
select * from unknown_list
