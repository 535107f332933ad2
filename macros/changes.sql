{# The register of changes with one row per change and item that it changes, as SQL of a relation. #}
{% macro changes_by_item() -%}
    (select * exclude (items), unnest(string_split(items, '|')) as item from {{ ref('changes') }})
{%- endmacro %}
