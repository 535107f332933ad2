{# Text with `{}` in it, and the SQL that stands there in order, as one SQL expression. A NULL among the values is left out. #}
{% macro said(text, values=[]) -%}
    {%- set parts = text.split('{}') -%}
    concat_ws('', {{ literal(parts[0]) }}{% for value in values %}, {{ value }}, {{ literal(parts[loop.index]) }}{% endfor %})
{%- endmacro %}

{# A number of a sentence (SQL): a limit as it stands in limits.csv, without zeros behind the point. #}
{% macro said_number(number) -%}
    {{ number_in_words(number) }}
{%- endmacro %}

{#
    The columns of a finding, the one shape that all models of checks have.

    check_name, severity (refuse or note): words. survey, year, place, problem_n: SQL of where it is and how many. text, values: the
    sentence, as `said` takes it.
#}
{% macro finding(check_name, place, text, values=[], problem_n='1', survey='null', year='null', severity='refuse') -%}
    '{{ check_name }}' as check_name,
    '{{ severity }}' as severity,
    cast({{ survey }} as string) as survey,
    cast({{ year }} as integer) as year,
    {{ place }} as place,
    cast({{ problem_n }} as bigint) as problem_n,
    {{ said(text, values) }} as sentence
{%- endmacro %}
