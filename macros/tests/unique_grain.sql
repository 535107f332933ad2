{#
    Rows of the model that share their grain with another row, or have a hole in it.

    Words are compared only where two rows have one number made of them: rows without such a twin differ for certain, and
    numbers are counted in a third of the time of words.
#}
{% macro grain_problems(model, columns, may_be_null) %}
    {%- set grain = columns | join(', ') -%}
    select
        {{ grain }},
        count(*) as row_n
    from {{ model }}
    where hash({{ grain }}) in (
        select hash({{ grain }}) from {{ model }} group by hash({{ grain }}) having count(*) > 1
    )
    group by {{ grain }}
    having count(*) > 1
    {%- set never_null = columns | reject('in', may_be_null) | list -%}
    {%- if never_null %}
    union
    select
        {{ grain }},
        count(*) as row_n
    from {{ model }}
    where {{ never_null | join(' is null or ') }} is null
    group by {{ grain }}
    {%- endif %}
{% endmacro %}

{# Rows of the model that share their grain with another row, or have a hole in it: must be none. #}
{% test unique_grain(model, columns, may_be_null=[]) %}
{{ grain_problems(model, columns, may_be_null) }}
{% endtest %}
