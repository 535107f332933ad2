-- Grain: one row per finding about people who are counted twice or lost: an item that takes one answer and got two, an answer of
-- a breakdown's item in two groups or in none, an entry of left_out.csv that leaves out nothing. Counts, never respondents.
{% set group_place = "concat('codebook/breakdowns.csv, breakdown ', breakdown)" %}
{% set is_position = "coalesce(answer_kind, 'substantive') in ('substantive', 'neutral') and n > 0" %}
with

left_out as (
    select entries.*, waves.year, {{ each_of(split_list('entries.answers')) }} as answer
    from {{ ref('left_out') }} as entries
    left join {{ ref('waves') }} as waves on entries.survey = waves.survey and {{ in_range('waves.year', 'entries') }}
),

placed as (
    select * from {{ people_by_group() }}
),

doubled as (
    select survey, year, breakdown, item, answer, group_keys, n
    from placed
    where cardinality(group_keys) > 1
    union all
    select survey, year, breakdown, item, answer, group_keys, n
    from {{ people_in_two_groups() }}
),

lost as (
    select *, if(answer = '_outside', 'whose answer lies in none of its groups', concat('who answer ', answer)) as people
    from placed
    anti join left_out using (survey, year, breakdown, answer)
    where cardinality(group_keys) = 0
)

select
    {{ finding('answered_twice', "concat(file, ', item ', item)", survey='survey', year='year',
        problem_n='n',
        values=['file', 'n', 'said', 'item', 'survey', 'year',
            "if(is_derived, 'Let the clauses of its answers in codebook/derivations.csv exclude each other', concat('Correct in "
            ~ "codebook/columns.csv what its columns (', column_names, ') hold'))"],
        text='{}: {} respondents hold {} of item {} of {} {}, where one answer is allowed. {}.') }}
from {{ answers_given_twice() }}
union all
select
    {{ finding('in_two_groups', group_place, survey='survey', year='year', problem_n='n',
        values=['breakdown', 'survey', element_of('group_keys', 1), element_of('group_keys', 2), 'answer', 'item', 'n', 'year'],
        text='codebook/breakdowns.csv: breakdown {} of {} has groups {} and {} that both take {} of item {} ({} respondents of {}). '
        ~ 'One group is allowed: correct the answers, bounds or years of one.') }}
from doubled
{% for severity, condition in [('refuse', is_position), ('note', 'not (' ~ is_position ~ ')')] %}
union all
select
    {{ finding('in_no_group', group_place, survey='survey', year='year', problem_n='n', severity=severity,
        values=['breakdown', 'survey', 'n', 'year', 'people', 'item'],
        text='codebook/breakdowns.csv: breakdown {} of {} loses {} respondents of {} {} (item {}). Add the answer to a group that '
        ~ 'holds in that year, or say in codebook/left_out.csv that it is left out, and why.') }}
from lost
where {{ condition }}
{% endfor %}
union all
select
    {{ finding('left_out_nothing', "concat('codebook/left_out.csv, breakdown ', breakdown)", survey='survey', year='year_from',
        values=['answer', 'breakdown', 'survey', "coalesce('group ' || max(" ~ element_of('group_keys', 1) ~ ") || ' takes it', 'nobody is left out by it')"],
        text='codebook/left_out.csv: answer {} of breakdown {} of {} cannot be left out: {}. Take it out, or correct its name or years.')
    }}
from left_out
left join placed using (survey, year, breakdown, answer)
group by survey, breakdown, answer, year_from, year_to
having max(cardinality(group_keys)) is distinct from 0
