{#
    All that the rows of a model hold, in one query: a row for each rule that is broken, with the number of rows that break it.

    grain, may_be_null: as `unique_grain` takes them. filled: columns that no row leaves empty; filled_where: the same of the rows
    that a condition picks (column: condition). words: column -> the only words that it holds.
#}
{% test sound_rows(model, grain, may_be_null=[], filled=[], filled_where={}, words={}) %}
{%- set rules = [] -%}
{%- for column in filled -%}
    {%- do rules.append(('filled', column, column ~ ' is null')) -%}
{%- endfor -%}
{%- for column, condition in filled_where.items() -%}
    {%- do rules.append(('filled', column, column ~ ' is null and (' ~ condition ~ ')')) -%}
{%- endfor -%}
{%- for column, allowed in words.items() -%}
    {%- do rules.append(('words', column, column ~ " not in ('" ~ allowed | join("', '") ~ "')")) -%}
{%- endfor -%}
select
    'unique_grain' as rule,
    '{{ grain | join(", ") }}' as place,
    count(*) as row_n
from ({{ grain_problems(model, grain, may_be_null) }}) as problems
having count(*) > 0
{%- for rule, column, breaks in rules %}
union all
select
    '{{ rule }}' as rule,
    '{{ column }}' as place,
    count(*) as row_n
from {{ model }}
where {{ breaks }}
having count(*) > 0
{%- endfor %}
{% endtest %}
