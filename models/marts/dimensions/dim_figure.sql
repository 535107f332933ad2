-- Grain: one row per report, figure and thing it shows.
select
    cast(row_number() over (
        order by report, figure, survey, item, indicator, breakdown, comparison
    ) as integer) as figure_no,
    report,
    figure,
    survey,
    item,
    indicator,
    breakdown,
    comparison,
    chart_type,
    title_no,
    title_en
from {{ ref('figures') }}
order by figure_no
