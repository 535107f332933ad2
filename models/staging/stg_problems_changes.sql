-- Grain: one row per item and wave whose form (answers and their labels) differs from the wave before without any change of
-- the item in the register.
with

forms as (
    select
        columns.survey,
        columns.year,
        columns.item,
        list_sort(list(
            distinct coalesce(columns.option, concat(code_lists.answer, ' "', code_lists.label, '"'))
        )) as form,
    from {{ ref('columns') }} as columns
    left join {{ ref('code_lists') }} as code_lists
        on columns.code_list = code_lists.code_list and columns.option is null
    where columns.ignored_reason is null and (columns.option is not null or columns.code_list is not null)
    group by all
),

neighbours as (
    select
        *,
        lag(form) over (partition by survey, item order by year) as previous_form,
        lag(year) over (partition by survey, item order by year) as previous_year,
    from forms
),

changed as (
    select
        *,
        list_filter(form, lambda answer: not list_contains(previous_form, answer)) as added,
        list_filter(previous_form, lambda answer: not list_contains(form, answer)) as removed,
    from neighbours
    where previous_form is not null and form != previous_form
)

select
    'unregistered_change' as check_name,
    changed.survey,
    changed.year,
    null as column_name,
    null as code,
    len(changed.added) + len(changed.removed) as problem_n,
    concat(
        'codebook/changes.csv: the answers of item ', changed.item, ' of ', changed.survey, ' differ between ',
        changed.previous_year, ' and ', changed.year, ' (', len(changed.added), ' new: ',
        coalesce(changed.added[1], 'none'), '; ', len(changed.removed), ' gone: ', coalesce(changed.removed[1], 'none'),
        '), and no change is registered for ', changed.year,
        '. Add a row that says what changed and what it breaks, or correct the code list.'
    ) as sentence,
from changed
anti join {{ ref('changes') }} as changes
    on
        changed.survey = changes.survey
        and changed.item = changes.item
        and changed.year = changes.year
