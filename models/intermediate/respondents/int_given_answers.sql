-- depends_on: {{ ref('chk_columns') }} {{ ref('chk_delivery') }}
-- Grain: one row per survey, year, respondent, item and answer given: delivered columns that are not blank, decoded, and the
-- derived answers whose clauses hold; the universes that the respondent belongs to are answers of the item `_universe`. Who was
-- asked is not looked at yet. `answer` is NULL where an option was left unticked, `value` the number of a numeric column.
with

delivered as (
    select * from {{ ref('stg_answers') }} where raw_value is not null
),

crosswalk as (
    select * from {{ ref('stg_columns') }} where ignored_reason is null
),

decoded as (
    select
        delivered.survey,
        delivered.year,
        delivered.respondent_no,
        crosswalk.item,
        -- The last branch: a list of a single-choice item gives its answer.
        case
            when crosswalk.code_list is null then crosswalk.option
            when code_lists.answer = 'selected' then crosswalk.option
            when code_lists.answer = 'not_selected' then null
            else code_lists.answer
        end as answer,
        -- A coded column holds no number.
        case
            when crosswalk.code_list is null then try_cast(delivered.raw_value as decimal(18, 9))
        end as value
    from delivered
    inner join crosswalk using (survey, year, column_name)
    left join {{ ref('code_lists') }} as code_lists
        on
            crosswalk.code_list = code_lists.code_list
            and delivered.raw_value = code_lists.code
),

derived as (
    {{ clauses_hold(
        clauses=ref('derivations'),
        keys=['item', 'answer'],
        item_column='source_item',
        given='decoded',
        is_ranged=true,
    ) | indent }}
),

given as (
    select survey, year, respondent_no, item, answer, value
    from decoded
    union all
    select survey, year, respondent_no, item, answer, null as value
    from derived
),

-- A universe may rest on derived items.
universes as (
    {{ clauses_hold(
        clauses=ref('universes'),
        keys=['universe'],
        item_column='item',
        given='given',
    ) | indent }}
)

select survey, year, respondent_no, item, answer, value
from given
union all
select survey, year, respondent_no, '_universe' as item, universe as answer, null as value
from universes
