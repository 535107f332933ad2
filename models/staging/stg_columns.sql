-- Grain: one row per survey, year and delivered column that the codebook knows: the item and option it holds, or why it is
-- ignored. A column of columns.csv stands in every declared wave of its range; an open range goes on to the newest wave.
select
    columns.survey,
    waves.year,
    columns.column_name,
    columns.item,
    columns.option,
    columns.code_list,
    columns.ignored_reason
from {{ ref('columns') }} as columns
inner join {{ ref('waves') }} as waves
    on columns.survey = waves.survey and {{ in_range('waves.year', 'columns') }}
