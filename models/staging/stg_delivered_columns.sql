-- Grain: one row per survey, year and column of the wave's file: its place in the raw table, its name, and how many values it
-- holds. Names are the first row of the raw table, so that any name is data and none is an identifier.
{% for wave in declared_waves() %}
{{ part_of(wave) }}
{{ 'union all' if not loop.first }}
select
    {{ literal(wave.survey) }} as survey,
    {{ wave.year }} as year,
    names.place,
    {{ clean_name('names.column_name') }} as column_name,
    counts.value_n
from (
    select * exclude (row_no) from {{ ref(wave.seed) }} where row_no = 0
) unpivot include nulls (
    column_name for place in (columns(*))
) as names
inner join (
    select count(columns(* exclude (row_no))) as '\0' from {{ ref(wave.seed) }} where row_no > 0
) unpivot (
    value_n for place in (columns(*))
) as counts using (place)
{% endfor %}
