-- Grain: one row per finding about answers that change: an item whose form (answers and their labels) differs from the wave
-- before without any row in the register, and a code whose delivered label speaks for another answer than the one it is mapped
-- to.
with

-- An option stands for itself; an answer of a code list stands with its delivered label.
forms as (
    select
        columns.survey,
        columns.year,
        columns.item,
        list_sort(list(
            distinct coalesce(columns.option, concat(code_lists.answer, ' "', code_lists.label, '"'))
        )) as form
    from {{ ref('stg_columns') }} as columns
    left join {{ ref('code_lists') }} as code_lists
        on columns.code_list = code_lists.code_list and columns.option is null
    where columns.ignored_reason is null and (columns.option is not null or columns.code_list is not null)
    group by all
),

neighbours as (
    select
        *,
        lag(form) over (partition by survey, item order by year) as previous_form,
        lag(year) over (partition by survey, item order by year) as previous_year
    from forms
),

unregistered as (
    select
        neighbours.*,
        list_filter(form, lambda answer: not list_contains(previous_form, answer)) as added,
        list_filter(previous_form, lambda answer: not list_contains(form, answer)) as removed
    from neighbours
    anti join {{ changes_by_item() }} as changes using (survey, item, year)
    where previous_form is not null and form != previous_form
),

delivered_labels as (
    select distinct
        items.answer_set,
        code_lists.code_list,
        code_lists.code,
        code_lists.answer,
        code_lists.label
    from {{ ref('stg_columns') }} as columns
    inner join {{ ref('items') }} as items using (survey, item)
    inner join {{ ref('code_lists') }} as code_lists using (code_list)
    -- A label of digits only is a point on a scale, and a rescaled one may mean another point.
    where columns.ignored_reason is null and columns.option is null and regexp_matches(code_lists.label, '\pL')
),

-- The label of a code speaks for one answer: another list's, or the canonical label of another answer, must not disagree.
spoken_for as (
    select answer_set, label, answer, concat('list ', code_list) as place
    from delivered_labels
    union all
    select answer_set, label_no as label, answer, 'answers.csv' as place
    from {{ ref('answers') }}
),

contradicted as (
    select
        labels.code_list,
        labels.code,
        labels.answer,
        labels.label,
        min(spoken_for.answer) as other_answer,
        min(spoken_for.place) as other_place,
        count(distinct spoken_for.place) as place_n
    from delivered_labels as labels
    inner join spoken_for
        on
            labels.answer_set = spoken_for.answer_set
            and labels.label = spoken_for.label
            and labels.answer != spoken_for.answer
    group by labels.code_list, labels.code, labels.answer, labels.label
)

select
    {{ finding('unregistered_change', "concat('codebook/changes.csv, item ', item)", survey='survey', year='year',
        problem_n='len(added) + len(removed)',
        values=['item', 'survey', 'previous_year', 'year', 'len(added)', "coalesce(added[1], 'none')", 'len(removed)',
            "coalesce(removed[1], 'none')", 'year'],
        text='codebook/changes.csv: the answers of item {} of {} differ between {} and {} ({} new: {}; {} gone: {}), and no change '
        ~ 'is registered for {}. Add a row that says what changed and what it breaks, or correct the code list.') }}
from unregistered
union all
select
    {{ finding('contradicting_label', "concat('codebook/code_lists.csv, list ', code_list, ', code ', code)", problem_n='place_n',
        values=['code', 'code_list', 'label', 'answer', 'label', 'other_answer', 'other_place'],
        text='codebook/code_lists.csv: code {} of list {} is labelled "{}" and means {}, but "{}" means {} in {}. One label of an '
        ~ 'answer set has one meaning: correct the answer or the label.') }}
from contradicted
