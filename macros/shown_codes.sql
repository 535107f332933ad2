{#
    Whether a code that nobody knows may stand in a message: it is short and looks like a code, and not like a name, a date of birth
    or a telephone number. Words of three letters and more must have been given by several people. value, value_n: SQL of the code and
    how often it was given.
#}
{% macro looks_like_code(value, value_n) -%}
    (
        length({{ value }}) <= 8
        and (
            {{ is_of_form(value, '[+-]?[0-9]{1,5}([.,][0-9]{1,2})?') }}
            or {{ is_of_form(value, '[\\p{L}_+.-]{0,3}[0-9]{1,4}[\\p{L}_+.-]{0,3}') }}
            or {{ is_of_form(value, '[\\p{L}+.-]{1,2}') }}
            or ({{ value_n }} >= 5 and {{ is_of_form(value, '(\\p{Lu}+|\\p{Ll}+)') }})
        )
    )
{%- endmacro %}
