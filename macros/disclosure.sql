{# Whether this build is the `open` disclosure profile; the other is `report`. Anything else is refused. #}
{% macro is_open() -%}
    {%- if var('disclosure') not in ('report', 'open') -%}
        {{ exceptions.raise_compiler_error("The variable `disclosure` is '" ~ var('disclosure') ~ "'; say report or open.") }}
    {%- endif -%}
    {{ 'true' if var('disclosure') == 'open' else 'false' }}
{%- endmacro %}

{# What `status_reason` and `reason` say of a number that the disclosure profile keeps back. SQL text. #}
{% macro withheld_reason() -%}
    'Q: withheld: small base'
{%- endmacro %}
