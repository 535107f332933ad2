-- Grain: one row per declaration of the codebook that cannot be used as it stands: a limit that is not there, a wave that nobody
-- reviewed, an entry that nothing uses, a range that is turned round, crosses another or holds in no wave.
with

ranges as (
    select * from {{ ranged_rows() }}
),

covering as (
    select ranges.file, ranges.survey, waves.year, ranges.entry, count(*) as row_n
    from ranges
    inner join {{ ref('waves') }} as waves
        on ranges.survey = waves.survey and {{ in_range('waves.year', 'ranges') }}
    group by ranges.file, ranges.survey, waves.year, ranges.entry
),

used as (
    select 'items' as file, concat(survey, '/', item) as entry from {{ ref('columns') }}
    union
    select 'items' as file, concat(survey, '/', item) as entry from {{ ref('derivations') }}
    union
    select 'items' as file, concat(survey, '/', item) as entry from {{ ref('published_results') }}
    union
    select 'answers' as file, unnest([answer_set, 'selected']) as entry from {{ ref('items') }}
    union
    select 'code_lists' as file, code_list as entry from {{ ref('columns') }}
    union
    select 'universes' as file, concat(survey, '/', universe) as entry from {{ ref('routing') }}
    union
    select 'waves' as file, concat(survey, '/', year) as entry from covering where file = 'columns'
    union
    select 'surveys' as file, survey as entry from {{ ref('waves') }}
),

declared as (
    select 'items' as file, survey, concat(survey, '/', item) as entry from {{ ref('items') }}
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
)

select
    {{ finding('missing_limit', "'codebook/limits.csv'", values=['needed.check_name'],
        text="codebook/limits.csv: no row for {} of survey '*' and name '*'. Add it, with value, unit, date and reason.") }}
from (select unnest({{ needed_limits() }}) as check_name) as needed
anti join (select check_name from {{ ref('limits') }} where survey = '*' and name = '*') using (check_name)
union all
select
    {{ finding('unreviewed', "'codebook/waves.csv'", survey='survey', year='year',
        values=['survey', 'year'],
        text='codebook/waves.csv: {} {} is not marked reviewed. Check what columns.csv says of its columns, their items and code '
        ~ 'lists, and write yes.') }}
from {{ ref('waves') }}
where reviewed is distinct from 'yes'
union all
select
    {{ finding('crossing_ranges', "concat('codebook/', file, '.csv, ', entry)", survey='survey', year='year', problem_n='row_n',
        values=['file', 'entry', 'survey', 'row_n', 'year'],
        text='codebook/{}.csv: {} of {} has {} rows that hold in {}, and one is allowed. Close the older range with year_to.') }}
from covering
where row_n > 1
union all
select
    {{ finding('range_turned_round', "concat('codebook/', file, '.csv, ', entry)", survey='survey', year='year_from',
        values=['file', 'entry', 'survey', 'year_from', 'year_to'],
        text='codebook/{}.csv: the range of {} of {} begins in {} and ends in {}. Turn it round.') }}
from ranges
where year_from > year_to
union all
select
    {{ finding('idle_range', "concat('codebook/', file, '.csv, ', entry)", survey='survey', year='year_from',
        values=['file', 'entry', 'survey', "concat(year_from, '-', year_to)"],
        text='codebook/{}.csv: the range of {} of {} ({}) holds in no declared wave. Correct its years or its survey, or take the '
        ~ 'row out.') }}
from ranges
anti join {{ ref('waves') }} as waves
    on ranges.survey = waves.survey and {{ in_range('waves.year', 'ranges') }}
where coalesce(year_from <= year_to, true) and file != 'changes'
union all
select
    {{ finding('named_twice', "concat('codebook/changes.csv, ', change_id)", survey='survey', problem_n='count(*)',
        values=['change_id', 'survey', 'item', 'count(*)'],
        text='codebook/changes.csv: {} of {} names item {} {} times. Once is enough.') }}
from {{ changes_by_item() }} as changes
group by change_id, survey, item
having count(*) > 1
union all
select
    {{ finding('unused', "concat('codebook/', file, '.csv')", survey='survey', values=['file', 'entry'],
        text='codebook/{}.csv: nothing uses {}. Use it, or take it out; a name misspelt elsewhere looks like this too.') }}
from declared
anti join used using (file, entry)
