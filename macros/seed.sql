{#
    Seeds are read by DuckDB's own CSV reader instead of being parsed in Python.
    Every column arrives as text; `column_types` casts the columns it names.

    A raw file may name its columns as it likes, twice the same but for case among them: its names are row 0 of the table, the
    respondents follow, and the columns are column0, column1 ... What the reader cannot read is counted and not quoted, since its
    own message shows the row.
#}
{% materialization seed, adapter='duckdb' %}
    {%- set file = model.original_file_path -%}
    {%- set path = file if file.startswith('/') else model.root_path ~ '/' ~ file -%}
    {%- set types = config.get('column_types', {}) -%}
    {%- set is_raw = model.config.schema == 'raw' -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- Not 'main': dbt writes the SQL of 'main' to <target>/run/<path of the seed>, and with an absolute seed path that
        is the seed file itself. -#}
    {%- call statement('load') -%}
        create or replace table {{ target_relation }} as
        select {{ 'cast(row_number() over () - 1 as integer) as row_no, ' if is_raw }}*
        {%- if types %} replace (
            {%- for column, type in types.items() %}
            cast({{ column }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- endif %}
        from read_csv(
            '{{ path | replace("'", "''") }}',
            header = {{ not is_raw }}, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = '',
            skip = 0, comment = ''{{ ', store_rejects = true' if is_raw }}
        )
    {%- endcall -%}
    {%- if is_raw -%}
        {%- do refuse_rejects(path) -%}
    {%- endif -%}
    {%- do store_result('main', response='OK', agate_table=none) -%}
    {%- do store_result('agate_table', response='OK', agate_table=none) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Refuse a raw file with rows that could not be read: how many and on which lines, without a word of what they hold. #}
{% macro refuse_rejects(path) %}
    {%- set rejects = run_query("select count(distinct line), min(line) from reject_errors") -%}
    {%- set line_n, first_line = rejects.rows[0] -%}
    {%- do run_query("drop table reject_errors") -%}
    {%- do run_query("drop table reject_scans") -%}
    {%- if line_n -%}
        {{ exceptions.raise_compiler_error(
            path ~ ": " ~ line_n ~ " rows cannot be read, the first on line " ~ first_line ~ "; save the file as CSV in UTF-8, "
            ~ "with as many values in every row as the header has."
        ) }}
    {%- endif -%}
{% endmacro %}
