{{ config(materialized='view') }}
-- Grain: one row per survey, year, item, answer, breakdown, group and basis of the cube that the disclosure profile lets
-- out. Everything that is published is arithmetic on these rows; in profile `report` they are all of the cube. In `open`
-- a wave keeps one basis: the difference of two is a handful of people.
select
    cells.survey,
    cells.year,
    cells.item,
    cells.answer,
    cells.breakdown,
    cells.group_key,
    cells.basis,
    cells.n,
    cells.sum_w,
    cells.sum_w2,
    cells.sum_wx,
    cells.sum_wx2,
    cells.sum_w2x,
    cells.sum_w2x2,
from {{ ref('int_cells') }} as cells
inner join {{ ref('int_table_families') }} as families
    on cells.survey = families.survey and cells.item = families.item
anti join {{ ref('int_withheld_answers') }} as answers
    on
        cells.survey = answers.survey
        and cells.year = answers.year
        and cells.item = answers.item
        and cells.answer = answers.answer
anti join {{ ref('int_withheld_groups') }} as groups
    on
        cells.survey = groups.survey
        and cells.year = groups.year
        and families.family = groups.family
        and cells.breakdown = groups.breakdown
        and cells.group_key = groups.group_key
anti join {{ ref('int_like_for_like') }} as rebuilt
    on
        {{ is_open() }}
        and cells.basis = 'like_for_like'
        and cells.survey = rebuilt.survey
        and cells.year = rebuilt.year
        and cells.item = rebuilt.item
        and rebuilt.method = 'rebuilt'
