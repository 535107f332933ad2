{# Whether this build is the `open` disclosure profile; the other is `report`. Anything else is refused. #}
{% macro is_open() -%}
    {%- if var('disclosure') not in ('report', 'open') -%}
        {{ exceptions.raise_compiler_error("The variable `disclosure` is '" ~ var('disclosure') ~ "'; say report or open.") }}
    {%- endif -%}
    {{ 'true' if var('disclosure') == 'open' else 'false' }}
{%- endmacro %}

{# A sum of weights as the profile shows it: exact ones are fingerprints of the people in them, so `open` rounds them. #}
{% macro released_sum(column) -%}
    {{ 'round(' ~ column ~ ', 1)' if is_open() == 'true' else column }}
{%- endmacro %}

{# What `status_reason` and `reason` say of a number that the disclosure profile keeps back. SQL text. #}
{% macro withheld_reason() -%}
    'withheld: small base or small count'
{%- endmacro %}
