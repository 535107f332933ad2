{#
    Seeds are read by DuckDB's own CSV reader instead of being parsed in Python.
    Every column arrives as text; `column_types` casts the columns it names.
#}
{% materialization seed, adapter='duckdb' %}
    {%- set path = adapter.get_seed_file_path(model) -%}
    {%- set types = config.get('column_types', {}) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- Not 'main': dbt writes the SQL of 'main' to <target>/run/<path of the seed>, and with an absolute seed path that
        is the seed file itself. -#}
    {%- call statement('load') -%}
        create or replace table {{ target_relation }} as
        select *
        {%- if types %} replace (
            {%- for column, type in types.items() %}
            cast({{ column }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- endif %}
        from read_csv(
            '{{ path | replace("'", "''") }}',
            header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = ''
        )
    {%- endcall -%}
    {%- do store_result('main', response='OK', agate_table=none) -%}
    {%- do store_result('agate_table', response='OK', agate_table=none) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
