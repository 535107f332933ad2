{# Limits that the models read; each needs a row of survey `*` and name `*`. #}
{% macro needed_limits() -%}
    {{- return([
        'allocation_sum', 'blank_share', 'calibrated_gap', 'drift_base_smallest', 'margin_gap', 'narrow_interval', 'number_high', 'outside_share',
        'print_gap', 'released_base', 'small_base', 'small_n_eff', 'sparse_expected', 'sparse_expected_low',
        'sparse_expected_share', 'test_base', 'weight_deff', 'weight_scale', 'weighted_base_smallest', 'wide_interval',
        'wide_relative',
    ]) -}}
{%- endmacro %}

{#
    A limit of seeds/codebook/limits.csv as SQL: the row that says most about the place wins, of those the newest.

    check_name: which limit. survey, year: SQL of the place, empty where the limit holds everywhere. names: SQL of what the
    check speaks of there (item, unit ...), the most telling last. Each is written with its relation before it: a bare `survey` is
    the survey of the limit, so that the limits of all surveys hold. The codebook's gate refuses a codebook without a row for it.
#}
{% macro limit_of(check_name, survey=none, year=none, names=[]) -%}
{%- if check_name not in needed_limits() -%}
    {{ exceptions.raise_compiler_error("needed_limits() in macros/limits.sql does not name '" ~ check_name ~ "'.") }}
{%- endif -%}
{%- for place in [survey, year] + names if place and '.' not in place -%}
    {{ exceptions.raise_compiler_error("limit_of('" ~ check_name ~ "'): write the relation before '" ~ place ~ "'.") }}
{%- endfor -%}
    {{- return(adapter.dispatch('limit_row')(check_name, survey, year, names)) -}}
{%- endmacro %}

{% macro default__limit_row(check_name, survey, year, names) -%}
(
    select max_by(limits.value, (
        case limits.name when '*' then 0 {% for name in names %}when {{ name }} then {{ loop.index }} {% endfor %}end,
        limits.survey != '*',
        coalesce(limits.year_from, 0)
    ))
    from {{ ref('limits') }} as limits
    where
        limits.check_name = '{{ check_name }}'
        and limits.survey in ('*'{{ ', ' ~ survey if survey }})
        and limits.name in ('*'{% for name in names %}, {{ name }}{% endfor %})
        {% if year %}
        and (limits.year_from is null or limits.year_from <= {{ year }})
        {% endif %}
)
{%- endmacro %}

{#
    The same as a case of the rows of limits.csv, the most telling first, which dbt reads while it compiles: Sail has no subquery that
    looks at the row beside it by anything but equality.
#}
{% macro spark__limit_row(check_name, survey, year, names) -%}
    {%- set limits = ref('limits') -%}
    {%- set rows = run_query(
        "select value, survey, year_from, name from " ~ limits ~ " where check_name = '" ~ check_name ~ "'"
    ).rows if execute else [] -%}
    {%- set cases = [] -%}
    {%- for row in rows -%}
        {%- for name in (['*'] + names) if (name == '*') == (row['name'] == '*') -%}
            {%- set place = loop.index -%}
            {%- set conditions = ['true'] -%}
            {%- do conditions.append(survey ~ ' = ' ~ literal(row['survey'])) if row['survey'] != '*' -%}
            {%- do conditions.append(year ~ ' >= ' ~ row['year_from']) if year and row['year_from'] is not none -%}
            {%- do conditions.append(name ~ ' = ' ~ literal(row['name'])) if name != '*' -%}
            {%- if row['survey'] == '*' or survey -%}
                {%- do cases.append((
                    (names.index(name) + 1 if name != '*' else 0, row['survey'] != '*', row['year_from'] or 0),
                    'when ' ~ conditions | join(' and ') ~ ' then ' ~ row['value'] ~ 'e0'
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    case {{ cases | sort(reverse=true) | map(attribute=1) | join(' ') or 'when true then null' }} end
{%- endmacro %}
