{# Whether a year lies in the range of a codebook row; an open end is no limit. Both arguments are SQL. #}
{% macro in_range(year, row) -%}
    {{ year }} between coalesce({{ row }}.year_from, {{ year }}) and coalesce({{ row }}.year_to, {{ year }})
{%- endmacro %}
