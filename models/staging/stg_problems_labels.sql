-- Grain: one row per code whose delivered label speaks for another answer than the one it is mapped to.
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

delivered_labels as (
    select distinct
        items.answer_set,
        code_lists.code_list,
        code_lists.code,
        code_lists.answer,
        code_lists.label,
    from crosswalk
    inner join items
        on crosswalk.survey = items.survey and crosswalk.item = items.item
    inner join {{ ref('code_lists') }} as code_lists
        on crosswalk.code_list = code_lists.code_list
    -- A label of digits only is a point on a scale, and a rescaled one may mean another point.
    where crosswalk.option is null and regexp_matches(code_lists.label, '\pL')
),

-- The label of a code speaks for one answer: another list's, or the canonical label of another answer, must not disagree.
spoken_for as (
    select answer_set, label, answer, concat('list ', code_list) as place
    from delivered_labels
    union all
    select answer_set, label_no as label, answer, 'answers.csv' as place
    from answers
)

select
    'contradicting_label' as check_name,
    cast(null as varchar) as survey, null as year, null as column_name, labels.code,
    count(distinct spoken_for.place) as problem_n,
    concat(
        'codebook/code_lists.csv: code ', labels.code, ' of list ', labels.code_list, ' is labelled "', labels.label,
        '" and means ', labels.answer, ', but "', labels.label, '" means ', min(spoken_for.answer), ' in ',
        min(spoken_for.place), '. One label of an answer set has one meaning: correct the answer or the label.'
    ) as sentence,
from delivered_labels as labels
inner join spoken_for
    on
        labels.answer_set = spoken_for.answer_set
        and labels.label = spoken_for.label
        and labels.answer != spoken_for.answer
group by labels.code_list, labels.code, labels.answer, labels.label
