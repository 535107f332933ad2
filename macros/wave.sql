{# File of a wave below the seeds folder. SQL. #}
{% macro wave_file(waves) -%}
    concat('raw/', {{ waves }}.survey, '_', coalesce({{ waves }}.wave, cast({{ waves }}.year as string)), '.csv')
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
    {{ composed('trim(' ~ name ~ ')') }}
{%- endmacro %}

{# The columns of the id and the weight of a wave, a row each, as a column of a select list over waves.csv. SQL. #}
{% macro key_columns() -%}
    {{ each_of(list_of([clean_name('respondent_column'), clean_name('weight_column')])) }} as column_name
{%- endmacro %}

{# Whether a row of columns.csv speaks of all columns of a form; a mark in the name of a column in use is part of the name. SQL. #}
{% macro is_pattern(row) -%}
    ({{ row }}.ignored_reason is not null and {{ has_form(row ~ '.column_name', '[*?]') }})
{%- endmacro %}

{# Whether a name has the form of a pattern: `*` stands for any text, `?` for one character, all else for itself. SQL. #}
{% macro fits_pattern(name, pattern) -%}
    {{ name }} like translate(
        replace(replace(replace({{ clean_name(pattern) }}, '!', '!!'), '%', '!%'), '_', '!_'), '*?', '%_'
    ) escape '!'
{%- endmacro %}
