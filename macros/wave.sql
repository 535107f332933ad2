{# A text of the codebook as an SQL literal, whatever marks it holds. #}
{% macro literal(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}

{# File of a wave below the seeds folder. SQL. #}
{% macro wave_file(waves) -%}
    concat('raw/', {{ waves }}.survey, '_', coalesce({{ waves }}.wave, cast({{ waves }}.year as varchar)), '.csv')
{%- endmacro %}

{#
    Day that a wave stands on: its date, else the first day of its year; none where the year is a mere order. SQL.
#}
{% macro wave_day(waves) -%}
    coalesce(
        cast({{ waves }}.wave_date as date),
        case when {{ waves }}.year between 1800 and 2999 then make_date({{ waves }}.year, 1, 1) end
    )
{%- endmacro %}

{# Name of a column as it is compared: composed letters, no blanks around it. Files and codebook may differ in both. SQL. #}
{% macro clean_name(name) -%}
    nfc_normalize(trim({{ name }}))
{%- endmacro %}

{# Whether a row of columns.csv speaks of all columns of a form; a mark in the name of a column in use is part of the name. SQL. #}
{% macro is_pattern(row) -%}
    ({{ row }}.ignored_reason is not null and regexp_matches({{ row }}.column_name, '[*?]'))
{%- endmacro %}

{# Whether a name has the form of a pattern: `*` stands for any text, `?` for one character, all else for itself. SQL. #}
{% macro fits_pattern(name, pattern) -%}
    {{ name }} like translate(regexp_replace({{ clean_name(pattern) }}, '([%_!])', '!\1', 'g'), '*?', '%_') escape '!'
{%- endmacro %}
