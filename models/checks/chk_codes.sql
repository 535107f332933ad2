-- Grain: one row per finding about what the values of a column can mean: boxes that are ticked or empty where nothing says what
-- empty means, a number that looks like a code. Counts, never respondents.
with

delivered as (
    select survey, year, column_name, raw_value, count(*) as value_n
    from {{ ref('stg_answers') }}
    group by survey, year, column_name, raw_value
),

crosswalk as (
    select
        columns.survey,
        columns.year,
        columns.column_name,
        columns.item,
        columns.option,
        columns.code_list,
        columns.blank_means,
        items.type,
        columns.option is not null and not columns.is_number and not types.answers_add_up as is_box,
        {{ wave_file('waves') }} as file
    from {{ ref('stg_columns') }} as columns
    inner join {{ ref('items') }} as items on columns.survey = items.survey and columns.item = items.item
    inner join {{ ref('item_types') }} as types on items.type = types.type
    inner join {{ ref('waves') }} as waves on columns.survey = waves.survey and columns.year = waves.year
    where columns.ignored_reason is null and types.is_counted
),

-- Coded text has no boxes of this kind: whoever wrote nothing has no tick. Columns of one option are one box.
boxes as (
    select
        survey,
        year,
        crosswalk.file,
        crosswalk.item,
        crosswalk.option,
        min(column_name) as column_name,
        coalesce(sum(delivered.value_n) filter (where code_lists.answer = 'selected'), 0) as ticked_n,
        coalesce(sum(delivered.value_n) filter (where code_lists.answer = 'not_selected'), 0) as unticked_n,
        sum(if(delivered.raw_value is null or {{ is_no_answer('code_lists.answer') }}, delivered.value_n, 0)) as empty_n,
        sum(if(delivered.raw_value is null or {{ is_no_answer('code_lists.answer') }}, 0, delivered.value_n)) as filled_n
    from crosswalk
    inner join delivered using (survey, year, column_name)
    left join {{ ref('code_lists') }} as code_lists
        on crosswalk.code_list = code_lists.code_list and delivered.raw_value = code_lists.code
    where crosswalk.is_box and crosswalk.type = 'multi' and crosswalk.blank_means is null
    group by survey, year, crosswalk.file, crosswalk.item, crosswalk.option
),

sets as (
    select
        survey,
        year,
        file,
        item,
        {{ joined('column_name', ', ', order='column_name') }} as column_names,
        max(filled_n) as set_filled_n,
        sum(ticked_n) as set_ticked_n,
        sum(unticked_n) as set_unticked_n,
        sum(empty_n) as set_empty_n
    from boxes
    group by survey, year, file, item
),

boxed as (
    select boxes.*, sets.set_filled_n, sets.set_unticked_n
    from boxes
    inner join sets
        on boxes.survey = sets.survey and boxes.year = sets.year and boxes.file = sets.file and boxes.item = sets.item
)

select
    {{ finding('ticks_only', "file || ', item ' || item", survey='survey', year='year', problem_n='set_ticked_n',
        values=['file', 'column_names', 'item', 'survey', 'year', 'set_ticked_n', 'set_empty_n'],
        text='{}: boxes {} of item {} of {} {} hold {} ticks, {} empty cells and nothing that means "not chosen". If the whole set was '
        ~ 'shown to everybody in its universe, write not_selected in blank_means of their rows in codebook/columns.csv; if not, deliver '
        ~ 'a code for boxes that were not ticked.') }}
from sets
where set_ticked_n > 0 and set_unticked_n = 0 and set_empty_n > 0
union all
select
    {{ finding('half_empty_box', "file || ', column ' || column_name", survey='survey', year='year',
        problem_n='set_filled_n - filled_n',
        values=['file', 'column_name', 'option', 'item', 'survey', 'year', 'filled_n', 'set_filled_n'],
        text='{}: box {} ({}) of item {} of {} {} holds {} values where another box of the set holds {}. Say what empty means: write '
        ~ 'not_selected in blank_means of the rows of the set in codebook/columns.csv if it means "not chosen", deliver the missing '
        ~ 'codes, or add a row for the item to blank_share in codebook/limits.csv.') }}
from boxed
where
    set_unticked_n > 0
    and set_filled_n - filled_n
    > if(unticked_n = 0, 0, set_filled_n * {{ limit_of('blank_share', 'boxed.survey', 'boxed.year', ['boxed.item']) }} / 100)
union all
select
    {{ finding('number_like_a_code', "concat(file, ', column ', column_name)", survey='survey', year='year', problem_n='value_n',
        values=['file', 'column_name', 'item', 'survey', 'year', 'value', 'value_n', 'near_n'], severity='note',
        text='{}: column {} (item {} of {} {}) holds the number {} {} times, and no number near it more than {} times. If it means that '
        ~ 'there is no answer, name a code list in codebook/columns.csv that says so (_no_answer or _not_asked).') }}
from {{ numbers_like_codes() }}
