{# Whether a year lies in the range of a codebook row; an open end is no limit. Both arguments are SQL. #}
{% macro in_range(year, row) -%}
    {{ year }} between coalesce({{ row }}.year_from, {{ year }}) and coalesce({{ row }}.year_to, {{ year }})
{%- endmacro %}

{#
    Every row of the codebook with a range of years, as SQL of a relation: file, survey, entry, year_from, year_to. Of the rows of
    one entry no more than one may hold in a wave.
#}
{% macro ranged_rows() -%}
(
    {% for file, entry in [
        ('columns', 'column_name'),
        ('routing', 'item'),
        ('derivations', "concat(item, ' = ', answer, ', clause ', clause)"),
        ('breakdowns', "concat(breakdown, ':', group_key)"),
    ] %}
    select '{{ file }}' as file, survey, {{ entry }} as entry, year_from, year_to from {{ ref(file) }}
    union all
    {% endfor %}
    select 'changes' as file, survey, change_id as entry, year as year_from, year_to from {{ ref('changes') }}
)
{%- endmacro %}
