{# Folder = schema: the bare custom name, so that a model's address is its path. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
