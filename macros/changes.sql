{#
    The register of changes with one row per change and item that it changes, as SQL of a relation. A blank list is one blank item,
    so that it can be refused.
#}
{% macro changes_by_item() -%}
    (select * exclude (items), unnest(string_split(coalesce(items, ''), '|')) as item from {{ ref('changes') }})
{%- endmacro %}
