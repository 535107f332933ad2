{#
    A table whose rows belong to waves and are made anew wave by wave: `+materialized: by_wave`.

    A wave's rows are made of the model's SQL and of its parents' rows for that wave. A table beside it, `<model>__waves`, holds a
    digest of that for every wave; where the digest is the same, the rows stand. So a landed or corrected wave, or a row of the
    codebook, costs what it reaches, and any `dbt build` is whole and right: nothing has to be told what has changed.
    `--full-refresh` makes everything anew.

    A wave is made of no other wave's rows: where some are made, the SQL sees no others of parents that have survey and year. A
    model may be made so where all its waves at once come out as each by itself, and where it holds no text in two languages. It
    has the columns survey and year. Variable `only_waves` (names of seeds) leaves the other waves as they are. Where
    HELSEMONITOR_MEMORY bounds what DuckDB may hold, waves are made one after another; and a model with `meta: {by_respondent:
    true}`, whose rows of a respondent are made of the parents' rows of that respondent, some thousands of respondents at a time.
#}
{% materialization by_wave, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set remembered = beside(this) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set parts = parts_by_wave(sql) -%}
    {%- set parents = parents_with_columns() -%}
    {%- set digests = digests_by_wave(parts, parents) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set is_new = existing is none or load_cached_relation(remembered) is none or should_full_refresh() -%}
    {%- set stale = [] if is_new else stale_waves(remembered, digests) -%}
    {%- set is_whole = is_new or stale | length >= declared_waves() | length -%}
    {%- set lots = lots_of(waves_named() if is_whole else stale, parents) -%}
    {%- if is_whole -%}
        {%- call statement('main') -%}
            create or replace table {{ target_relation }} as
            {{ sql if lots | length == 1 else rows_of(lots[0], parts, parents) }}
        {%- endcall -%}
        {%- call statement('remember') -%}
            create or replace table {{ remembered }} as
            {{ digests }}
        {%- endcall -%}
    {%- elif stale -%}
        {%- call statement('forget') -%}
            delete from {{ target_relation }} where {{ of_waves(stale) }};
            delete from {{ remembered }} where {{ of_waves(stale) }};
        {%- endcall -%}
        {%- call statement('remember') -%}
            insert into {{ remembered }}
            select * from ({{ digests }}) where {{ of_waves(stale) }}
        {%- endcall -%}
    {%- else -%}
        {%- do store_result('main', response='OK', agate_table=none) -%}
    {%- endif -%}
    {%- for lot in (lots[1:] if is_whole else lots) -%}
        {%- call statement('main') -%}
            insert into {{ target_relation }} by name
            {{ rows_of(lot, parts, parents) }}
        {%- endcall -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# The table that remembers what the waves of a by_wave table were made of: survey, year, made_of. #}
{% macro beside(relation) -%}
    {{ return(api.Relation.create(
        database=relation.database, schema=relation.schema, identifier=relation.identifier ~ '__waves', type='table'
    )) }}
{%- endmacro %}

{# Opens the part of a model's SQL that is one wave's own. It stands before the `union all` that joins it to the parts before. #}
{% macro part_of(wave) -%}
    /* wave {{ wave.seed }} */
{%- endmacro %}

{# A model's SQL as what all waves share, and what is one wave's own, by the name of its seed. #}
{% macro parts_by_wave(sql) %}
    {%- set own = {} -%}
    {%- set texts = sql.split('/* wave ') -%}
    {%- for text in texts[1:] -%}
        {%- do own.update({text.split(' */', 1)[0]: text.split(' */', 1)[1]}) -%}
    {%- endfor -%}
    {{ return({'shared': texts[0], 'own': own}) }}
{% endmacro %}

{# The SQL that makes some waves' rows: all of it, or without the parts that are other waves' own. #}
{% macro sql_of(parts, stale) -%}
    {{ parts.shared }}
    {%- set texts = [] -%}
    {%- for wave in declared_waves() if not parts.own or [wave.survey, wave.year] in stale -%}
        {%- do texts.append((parts.own.get(wave.seed, '') | trim).removeprefix('union all')) -%}
    {%- endfor -%}
    {{ texts | join(' union all ') if parts.own }}
{%- endmacro %}

{# Survey and year of the waves whose rows are not made of what they would be made of now, as a list of pairs. #}
{% macro stale_waves(remembered, digests) %}
    {%- set names = {} -%}
    {%- for wave in declared_waves() -%}
        {%- do names.update({(wave.survey, wave.year): wave.seed}) -%}
    {%- endfor -%}
    {%- set rows = run_query(
        "select survey, year from (" ~ digests ~ ") as made full join " ~ remembered ~ " as built using (survey, year)"
        ~ " where made.made_of is distinct from built.made_of order by all"
    ).rows -%}
    {%- set stale = [] -%}
    {%- for survey, year in rows -%}
        {%- set name = names.get((survey, year | int), '') -%}
        {%- if name in var('only_waves', [name]) -%}
            {%- do stale.append([survey, year | int]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(stale) }}
{% endmacro %}

{# Whether a row belongs to one of some waves, as SQL. #}
{% macro of_waves(waves) -%}
    (
        {%- for survey, year in waves -%}
        (survey = {{ literal(survey) }} and year = {{ year }}){{ ' or ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}

{# Survey and year of every declared wave, as a list of pairs. #}
{% macro waves_named() %}
    {%- set named = [] -%}
    {%- for wave in declared_waves() -%}
        {%- do named.append([wave.survey, wave.year]) -%}
    {%- endfor -%}
    {{ return(named) }}
{% endmacro %}

{#
    The lots in which a table is made: waves, and the condition on `respondent_no`. All at once; or, where memory is bounded, so that
    the largest lot bounds it, wave by wave and, where the model may be made so, by this many respondents.
#}
{% macro lots_of(waves, parents) %}
    {%- set respondents = var('respondents_at_a_time') -%}
    {%- if not waves or not env_var('HELSEMONITOR_MEMORY', '') -%}
        {{ return([{'waves': waves, 'condition': ''}] if waves else []) }}
    {%- endif -%}
    {%- set lots = [] -%}
    {%- set last_ones = last_respondents(waves, parents) -%}
    {%- for wave in waves -%}
        {%- set last = last_ones[wave[0], wave[1]] -%}
        {%- for first in range(0, last, respondents) -%}
            {%- set until = ' and respondent_no <= ' ~ (first + respondents) if first + respondents < last else '' -%}
            {%- do lots.append({'waves': [wave], 'condition': ' and respondent_no > ' ~ first ~ until}) -%}
        {%- else -%}
            {%- do lots.append({'waves': [wave], 'condition': ''}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(lots) }}
{% endmacro %}

{# Wave -> the highest `respondent_no` of it that a parent holds; 0 where the model is not made by respondents. #}
{% macro last_respondents(waves, parents) %}
    {%- set last = {} -%}
    {%- for survey, year in waves -%}
        {%- do last.update({(survey, year): 0}) -%}
    {%- endfor -%}
    {%- if model.config.meta.get('by_respondent') -%}
        {%- set numbered = [] -%}
        {%- for parent in parents if 'respondent_no' in parent.columns -%}
            {%- do numbered.append('select survey, year, respondent_no from ' ~ parent.relation) -%}
        {%- endfor -%}
        {%- set rows = run_query(
            'select survey, year, max(respondent_no) from (' ~ numbered | join(' union all ') ~ ') where ' ~ of_waves(waves)
            ~ ' group by survey, year'
        ).rows -%}
        {%- for survey, year, respondent_no in rows -%}
            {%- do last.update({(survey, year | int): respondent_no | int}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(last) }}
{% endmacro %}

{# The SQL of a lot's rows. #}
{% macro rows_of(lot, parts, parents) -%}
    select * from (
    {{ narrowed(sql_of(parts, lot.waves), parents, lot) }}
    ) where {{ of_waves(lot.waves) }}
{%- endmacro %}

{# SQL that reads, of every parent with survey and year, a lot's rows and no others. #}
{% macro narrowed(sql, parents, lot) -%}
    {%- set text = namespace(sql=sql) -%}
    {%- for parent in parents if 'survey' in parent.columns and 'year' in parent.columns -%}
        {%- set condition = of_waves(lot.waves) ~ (lot.condition if 'respondent_no' in parent.columns else '') -%}
        {%- set text.sql = text.sql.replace(parent.relation | string, '(select * from ' ~ parent.relation ~ ' where ' ~ condition ~ ')') -%}
    {%- endfor -%}
    {{ text.sql }}
{%- endmacro %}

{# The parents of the present model: node, relation and columns of each. #}
{% macro parents_with_columns() %}
    {%- set relations = {} -%}
    {%- for id in model.depends_on.nodes -%}
        {%- set node = graph.nodes[id] -%}
        {%- do relations.update({id: api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)}) -%}
    {%- endfor -%}
    {%- set columns = columns_of(relations.values()) -%}
    {%- set parents = [] -%}
    {%- for id, relation in relations.items() -%}
        {%- do parents.append({
            'node': graph.nodes[id],
            'relation': relation,
            'columns': columns[relation.schema ~ '.' ~ relation.identifier],
        }) -%}
    {%- endfor -%}
    {{ return(parents) }}
{% endmacro %}

{#
    What the rows of the present model are made of, by wave, as SQL with survey, year and made_of. A parent's rows for a wave are
    those of its survey and year; of its survey, where a range of years or none is said; all of them, where no survey is.
#}
{% macro digests_by_wave(parts, parents) -%}
    select survey, year, md5(string_agg(digest, ' ' order by place)) as made_of
    from (
        {%- for wave in declared_waves() %}
        select
            {{ literal(wave.survey) }} as survey, {{ wave.year }} as year, '' as place,
            concat(
                version(), '{{ local_md5(parts.shared ~ parts.own.get(wave.seed, '')) }}'
                {%- if 'record_key.secret' in parts.shared -%}
                , (select md5(content) from read_text('{{ env_var('HELSEMONITOR_BUILD', 'build') }}/record_key.secret'))
                {%- endif -%}
            ) as digest
        union all
        {%- endfor -%}
        {%- for parent in parents %}
        {{ digests_of_parent(parent.node, parent.relation, parent.columns) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as digests
    group by survey, year
{%- endmacro %}

{# Schema and name of relations -> their columns, from one query. #}
{% macro columns_of(relations) %}
    {%- set names = [] -%}
    {%- for relation in relations -%}
        {%- do names.append(literal(relation.schema ~ '.' ~ relation.identifier)) -%}
    {%- endfor -%}
    {%- set rows = run_query(
        "select concat(schema_name, '.', table_name) as name, string_agg(column_name, '|' order by column_index)"
        ~ " from duckdb_columns() where name in (" ~ names | join(', ') ~ ") group by name"
    ).rows -%}
    {%- set columns = {} -%}
    {%- for name, listed in rows -%}
        {%- do columns.update({name: listed.split('|')}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#
    The digest of one parent's rows for every wave, as SQL with survey, year, place and digest. Texts in two languages and the ends
    of ranges are no part of it: the former say nothing that the tables by wave hold, the latter only which waves a row holds in. The
    names of the columns are.
#}
{% macro digests_of_parent(node, relation, columns) -%}
    {%- set is_ranged = node.config.schema != 'raw' and 'survey' in columns and 'year' not in columns and 'year_to' in columns -%}
    {%- set kept = [] -%}
    {%- for column in columns if not (is_ranged and column in ('year_from', 'year_to')) -%}
        {%- set other = column[:-3] ~ {'_no': '_en', '_en': '_no'}.get(column[-3:], '') -%}
        {%- do kept.append(adapter.quote(column)) if other == column[:-3] or other not in columns -%}
    {%- endfor -%}
    {%- if node.config.materialized == 'by_wave' -%}
        select survey, year, '{{ node.name }}' as place, made_of as digest
        from {{ beside(relation) }}
    {%- else -%}
        select
            waves.survey, waves.year, '{{ node.name }}' as place,
            concat('{{ local_md5(kept | join(' ')) }}-', count(rows.h), '-', sum(cast(rows.h as hugeint))) as digest
        from (values
            {%- for wave in declared_waves() %}
            ({{ literal(wave.survey) }}, {{ wave.year }}, {{ literal(wave.seed) }}){{ ',' if not loop.last }}
            {%- endfor %}
        ) as waves (survey, year, seed)
        inner join (select *, hash({{ kept | join(', ') }}) as h from {{ relation }}) as rows
            on
            {%- if node.config.schema == 'raw' %}
            waves.seed = {{ literal(node.name) }}
            {%- elif 'survey' not in columns %}
            true
            {%- elif 'year' in columns %}
            waves.survey = rows.survey and waves.year = rows.year
            {%- else %}
            rows.survey in (waves.survey, '*'){{ ' and ' ~ in_range('waves.year', 'rows') if is_ranged }}
            {%- endif %}
        group by waves.survey, waves.year
    {%- endif -%}
{%- endmacro %}

{# An engine that speaks Spark's SQL makes all waves of such a table at once. #}
{% materialization by_wave, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
