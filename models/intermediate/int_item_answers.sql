-- Grain: one row per survey, year, item and canonical answer that the wave's form offers (or that can be derived
-- from it).
with

offered as (
    select distinct
        columns.survey,
        columns.year,
        columns.item,
        coalesce(columns.option, code_lists.answer) as answer,
    from {{ ref('columns') }} as columns
    left join {{ ref('code_lists') }} as code_lists
        on columns.code_list = code_lists.code_list
    where columns.ignored_reason is null
),

derived as (
    select distinct
        item_waves.survey,
        item_waves.year,
        item_waves.item,
        derivations.answer,
    from {{ ref('stg_item_waves') }} as item_waves
    inner join {{ ref('derivations') }} as derivations
        on item_waves.survey = derivations.survey and item_waves.item = derivations.item
)

select * from offered where answer is not null
union all
select * from derived
