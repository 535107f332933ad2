{#
    What the engines say differently. The models up to the cube are built by DuckDB or by an engine that speaks Spark's SQL
    (docs/scale.md); they keep to the SQL that both take, and each macro here is a place where there is none. Confirmed on Sail
    0.7.2 by tests/integration/test_sail.py; what Apache Spark says is from its manual.
#}

{# A text as an SQL literal, whatever marks it holds. Spark's has backslashes; there two quotes end a literal and begin the next. #}
{% macro literal(value) -%}
    {{ return(adapter.dispatch('literal')(value)) }}
{%- endmacro %}

{% macro default__literal(value) -%}
    {%- do return("'" ~ (value | string).replace("'", "''") ~ "'") -%}
{%- endmacro %}

{% macro spark__literal(value) -%}
    {%- do return("'" ~ (value | string).replace("\\", "\\\\").replace("'", "\\'") ~ "'") -%}
{%- endmacro %}

{# The parts of a list cell of the codebook, `|` between them, as SQL of a list. Spark splits by a pattern. #}
{% macro split_list(cell) -%}
    {{ return(adapter.dispatch('split_list')(cell)) }}
{%- endmacro %}

{% macro default__split_list(cell) -%}
    string_split({{ cell }}, '|')
{%- endmacro %}

{% macro spark__split_list(cell) -%}
    split({{ cell }}, '[|]')
{%- endmacro %}

{# A list of some values (SQL). #}
{% macro list_of(values) -%}
    {{ return(adapter.dispatch('list_of')(values)) }}
{%- endmacro %}

{% macro default__list_of(values) -%}
    [{{ values | join(', ') }}]
{%- endmacro %}

{% macro spark__list_of(values) -%}
    array({{ values | join(', ') }})
{%- endmacro %}

{# An element of a list by its place, the first being 1; NULL where there is none (SQL). #}
{% macro element_of(list, place) -%}
    {{ return(adapter.dispatch('element_of')(list, place)) }}
{%- endmacro %}

{% macro default__element_of(list, place) -%}
    {{ list }}[{{ place }}]
{%- endmacro %}

{% macro spark__element_of(list, place) -%}
    get({{ list }}, {{ place - 1 }})
{%- endmacro %}

{# A row for each element of a list (SQL); a column of a select list by itself, since Spark nests it in nothing. #}
{% macro each_of(list) -%}
    {{ return(adapter.dispatch('each_of')(list)) }}
{%- endmacro %}

{% macro default__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}

{# Whether two lists without NULL have an element in common (SQL). #}
{% macro share_element(one, other) -%}
    {{ return(adapter.dispatch('share_element')(one, other)) }}
{%- endmacro %}

{% macro default__share_element(one, other) -%}
    list_has_any({{ one }}, {{ other }})
{%- endmacro %}

{% macro spark__share_element(one, other) -%}
    arrays_overlap({{ one }}, {{ other }})
{%- endmacro %}

{# Texts of a group joined in an order (SQL). #}
{% macro joined(text, separator, order) -%}
    {{ return(adapter.dispatch('joined')(text, separator, order)) }}
{%- endmacro %}

{% macro default__joined(text, separator, order) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}

{% macro spark__joined(text, separator, order) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order }})
{%- endmacro %}

{# Whether a text has a part of the form of a pattern, and whether it has it as a whole (SQL; the pattern is a text). #}
{% macro has_form(value, pattern) -%}
    {{ return(adapter.dispatch('has_form')(value, pattern)) }}
{%- endmacro %}

{% macro default__has_form(value, pattern) -%}
    regexp_matches({{ value }}, {{ literal(pattern) }})
{%- endmacro %}

{% macro spark__has_form(value, pattern) -%}
    {{ value }} rlike {{ literal(pattern) }}
{%- endmacro %}

{% macro is_of_form(value, pattern) -%}
    {{ return(adapter.dispatch('is_of_form')(value, pattern)) }}
{%- endmacro %}

{% macro default__is_of_form(value, pattern) -%}
    regexp_full_match({{ value }}, {{ literal(pattern) }})
{%- endmacro %}

{% macro spark__is_of_form(value, pattern) -%}
    {{ value }} rlike {{ literal('^(?:' ~ pattern ~ ')$') }}
{%- endmacro %}

{#
    A name in composed letters (SQL). Spark has no such function: there names come through the gates, which compose them in their
    copies of files and codebook.
#}
{% macro composed(name) -%}
    {{ return(adapter.dispatch('composed')(name)) }}
{%- endmacro %}

{% macro default__composed(name) -%}
    nfc_normalize({{ name }})
{%- endmacro %}

{% macro spark__composed(name) -%}
    {{ name }}
{%- endmacro %}

{#
    A decimal with its point moved to the right by some places, NULL where it does not fit (SQL). It moves the point of the text and
    touches no digit. Sail reads no exponent behind digits. number: with `scale` digits behind its point. to: type.
#}
{% macro moved_point(number, scale, places, to) -%}
    {{ return(adapter.dispatch('moved_point')(number, scale, places, to)) }}
{%- endmacro %}

{% macro default__moved_point(number, scale, places, to) -%}
    try_cast(concat({{ number }}, 'e', {{ places }}) as {{ to }})
{%- endmacro %}

{# The digits behind 40 zeros: the point stands before the last of them, as many as the scale less the places. #}
{% macro spark__moved_point(number, scale, places, to) -%}
    {%- set digits = "rpad(concat(repeat('0', 40), replace(cast(abs(" ~ number ~ ") as string), '.', '')), 120, '0')" -%}
    {%- set whole_n = "(40 + length(cast(abs(" ~ number ~ ") as string)) - " ~ (scale + 1) ~ " + " ~ places ~ ")" -%}
    try_cast(concat(
        if({{ number }} < 0, '-', ''), left({{ digits }}, {{ whole_n }}), '.', substring({{ digits }}, {{ whole_n }} + 1, 38)
    ) as {{ to }})
{%- endmacro %}

{# A number of a sentence (SQL) without zeros behind the point; with `digits`, rounded to so many that count. #}
{% macro number_in_words(number, digits=none) -%}
    {{ return(adapter.dispatch('number_in_words')(number, digits)) }}
{%- endmacro %}

{% macro default__number_in_words(number, digits) -%}
    format('{:{{ '.' ~ digits if digits }}g}', cast({{ number }} as double))
{%- endmacro %}

{% macro spark__number_in_words(number, digits) -%}
    format_string('%.{{ digits or 6 }}g', cast({{ number }} as double))
{%- endmacro %}

{#
    Columns of a raw table without `row_no`, as a list of names for `unpivot`. DuckDB writes out the star itself; for Spark dbt asks
    the engine, after the table was loaded.
#}
{% macro raw_columns(raw) -%}
    {{ return(adapter.dispatch('raw_columns')(raw)) }}
{%- endmacro %}

{% macro default__raw_columns(raw) -%}
    columns(* exclude (row_no))
{%- endmacro %}

{% macro spark__raw_columns(raw) -%}
    {%- set found = adapter.get_columns_in_relation(raw) if execute else [] -%}
    {{ found | map(attribute='name') | reject('equalto', 'row_no') | join(', ') or 'none' }}
{%- endmacro %}

{#
    A step of a model that later steps read more than once. DuckDB keeps what a named step gave; Spark and Sail write its text out
    wherever it is named, so there it is a table: a model of its own that only they have.
#}
{% macro step(model, query) -%}
    {{ return(adapter.dispatch('step')(model, query)) }}
{%- endmacro %}

{% macro default__step(model, query) -%}
    {{ query }}
{%- endmacro %}

{% macro spark__step(model, query) -%}
    select * from {{ ref(model) }}
{%- endmacro %}
