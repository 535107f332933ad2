-- Grain: one row per codebook entry that nobody uses or that is not marked reviewed.
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
            'codebook/columns.csv: ',
            count(*),
            ' columns of ',
            survey,
            ' ',
            year,
            ' are not marked reviewed (the first is ',
            min(column_name), '). Check their items and code lists and mark them reviewed.'
        ) as sentence,
    from crosswalk
    where coalesce(review, '') != 'reviewed'
    group by survey, year
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
)

select * from unreviewed
union all
select * from unused
