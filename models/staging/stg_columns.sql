-- Grain: one row per survey, year and delivered column that the codebook knows: the item and option it holds, or why it is
-- ignored. A column of columns.csv stands in every declared wave of its range; an open range goes on to the newest wave. An
-- ignored row may hold a pattern: it stands for the delivered columns of that form that no other row names.
with

listed as (
    select
        columns.survey,
        waves.year,
        {{ clean_name('columns.column_name') }} as column_name,
        columns.item,
        columns.option,
        columns.code_list,
        columns.ignored_reason,
        {{ is_pattern('columns') }} as is_pattern
    from {{ ref('columns') }} as columns
    inner join {{ ref('waves') }} as waves
        on columns.survey = waves.survey and {{ in_range('waves.year', 'columns') }}
),

named as (
    select survey, year, column_name, item, option, code_list, ignored_reason
    from listed
    where not is_pattern
),

taken as (
    select survey, year, column_name
    from named
    union all
    select survey, year, {{ clean_name('unnest([respondent_column, weight_column])') }} as column_name
    from {{ ref('waves') }}
),

fitting as (
    select
        delivered.survey,
        delivered.year,
        delivered.column_name,
        min(listed.ignored_reason) as ignored_reason
    from {{ ref('stg_delivered_columns') }} as delivered
    inner join listed
        on
            delivered.survey = listed.survey
            and delivered.year = listed.year
            and listed.is_pattern
            and {{ fits_pattern('delivered.column_name', 'listed.column_name') }}
    anti join taken
        on
            delivered.survey = taken.survey
            and delivered.year = taken.year
            and delivered.column_name = taken.column_name
    group by delivered.survey, delivered.year, delivered.column_name
)

select * from named
union all
select survey, year, column_name, null as item, null as option, null as code_list, ignored_reason
from fitting
