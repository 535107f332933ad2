-- Grain: one row per survey, year, respondent and delivered column in use, the id and the weight among them; blanks are kept.
with

kept as (
    select survey, year, column_name
    from {{ ref('stg_columns') }}
    where ignored_reason is null
    union
    select survey, year, {{ key_columns() }}
    from {{ ref('waves') }}
),

places as (
    select * from {{ ref('stg_delivered_columns') }}
    semi join kept using (survey, year, column_name)
)

{% for wave in declared_waves() %}
{{ part_of(wave) }}
{{ 'union all' if not loop.first }}
select
    places.survey,
    places.year,
    cells.row_no as respondent_no,
    places.column_name,
    cells.raw_value
from (
    select * from {{ ref(wave.seed) }} where row_no > 0
) unpivot include nulls (
    raw_value for place in ({{ raw_columns(ref(wave.seed)) }})
) as cells
inner join places
    on places.survey = {{ literal(wave.survey) }} and places.year = {{ wave.year }} and cells.place = places.place
{% endfor %}
