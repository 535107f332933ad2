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

{#
    The same on an engine that speaks Spark's SQL, by its own CSV reader. A file is read in one piece (`multiLine`), so that its first
    row is row 0; it has the names, since Sail 0.7.2 takes some files' names for _c0, _c1 ... What cannot be read stops the build.
#}
{% materialization seed, adapter='spark' %}
    {%- set types = config.get('column_types', {}) -%}
    {%- set is_raw = model.config.schema == 'raw' -%}
    {%- set target_relation = api.Relation.create(schema=schema, identifier=model['alias'], type='table') -%}
    {%- set file = model.config.schema ~ '_' ~ model['alias'] ~ '_csv' -%}
    {%- set path = model.original_file_path -%}
    {%- set path = path if path.startswith('/') else model.root_path ~ '/' ~ path -%}

    {%- do run_query(
        "create or replace temporary view " ~ file ~ " using csv options (path " ~ literal(path)
        ~ ", header 'false', inferSchema 'false', escape '\"', multiLine 'true', mode 'FAILFAST')"
    ) -%}
    {%- set rows = "(select cast(monotonically_increasing_id() as bigint) as row_no, * from " ~ file ~ ")" -%}
    {%- set first = run_query("select * from " ~ rows ~ " as rows where row_no = 0") -%}
    {%- do run_query("drop table if exists " ~ target_relation) -%}
    {%- call statement('load') -%}
        create table {{ target_relation }} using parquet as
        select
            {{- ' row_no,' if is_raw }}
            {%- for name in first.rows[0].values()[1:] %}
            {%- set cell = "nullif(_c" ~ loop.index0 ~ ", '')" %}
            {{ cell if is_raw else 'cast(' ~ cell ~ ' as ' ~ types.get(name, 'string') ~ ')' }} as {{ 'column' ~ loop.index0 if is_raw else name }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ rows }} as rows
        {{ 'where row_no > 0' if not is_raw }}
    {%- endcall -%}
    {%- do store_result('main', response='OK', agate_table=none) -%}
    {%- do store_result('agate_table', response='OK', agate_table=none) -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#
    Where an engine's tables lie: `<lake>/<schema>/<table>`, Parquet. The lake is a folder, or an address of object storage, that the
    engine and whoever takes its tables over can both read.
#}
{% macro spark__create_schema(relation) -%}
    {%- set lake = env_var('HELSEMONITOR_LAKE', env_var('HELSEMONITOR_BUILD', 'build') ~ '/lake') -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.schema }} location {{ literal(lake ~ '/' ~ relation.schema) }}
    {%- endcall -%}
{%- endmacro %}
