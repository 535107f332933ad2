-- depends_on: {{ ref('stg_codebook_problems') }}
-- Grain: one row per survey, year, respondent and delivered column that is not blank.
-- `answer` is the canonical answer (NULL where an option was left unticked), `value` the number of a numeric column.
with

delivered as (
    select * from {{ ref('stg_answers') }} where raw_value is not null
),

crosswalk as (
    select * from {{ ref('columns') }} where ignored_reason is null
),

code_lists as (
    select * from {{ ref('code_lists') }}
),

decoded as (
    select
        delivered.survey,
        delivered.year,
        delivered.respondent_no,
        crosswalk.item,
        case
            when crosswalk.code_list is null then crosswalk.option
            when code_lists.answer = 'selected' then crosswalk.option
            when code_lists.answer = 'not_selected' then null
            else code_lists.answer
        end as answer,
        case
            when crosswalk.code_list is null then try_cast(delivered.raw_value as decimal(18, 9))
        end as value,
    from delivered
    inner join crosswalk
        on
            delivered.survey = crosswalk.survey
            and delivered.year = crosswalk.year
            and delivered.column_name = crosswalk.column_name
    left join code_lists
        on
            crosswalk.code_list = code_lists.code_list
            and delivered.raw_value = code_lists.code
)

select * from decoded
