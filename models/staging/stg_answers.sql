-- Grain: one row per survey, year, respondent and delivered column; blanks are kept.
{% for wave in declared_waves() %}
select
    '{{ wave_survey(wave) }}' as survey,
    {{ wave_year(wave) }} as year,
    respondent_no,
    column_name,
    raw_value
from (
    select
        cast(row_number() over () as integer) as respondent_no,
        *
    from {{ ref(wave) }}
) unpivot include nulls (
    raw_value for column_name in (columns(* exclude (respondent_no)))
)
{{ 'union all' if not loop.last }}
{% endfor %}
