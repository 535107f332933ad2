-- Grain: one row per survey, year and column of the wave's file: its place in the raw table, its name, and how many values it
-- holds. Names are the first row of the raw table, so that any name is data and none is an identifier.
{% for wave in declared_waves() %}
{{ part_of(wave) }}
{{ 'union all' if not loop.first }}
select
    {{ literal(wave.survey) }} as survey,
    {{ wave.year }} as year,
    place,
    {{ clean_name('max(raw_value) filter (where row_no = 0)') }} as column_name,
    count(raw_value) filter (where row_no > 0) as value_n
from (
    select * from {{ ref(wave.seed) }}
) unpivot include nulls (
    raw_value for place in ({{ raw_columns(ref(wave.seed)) }})
) as cells
group by place
{% endfor %}
