{#
    Names of each survey's breakdowns, crosses included, in a fixed order: {survey: [breakdown, ...]}.
    They are columns of the cube's query, so they are read when the model runs; a compile before the first build gets
    none.
#}
{% macro breakdown_columns() %}
    {% set relations = [ref('breakdowns'), ref('crosses')] %}
    {% if not execute %}
        {{ return({}) }}
    {% endif %}
    {% for relation in relations %}
        {% if not adapter.get_relation(relation.database, relation.schema, relation.identifier) %}
            {{ return({'': ['total']}) }}
        {% endif %}
    {% endfor %}
    {% set query %}
        select survey, breakdown from {{ relations[0] }}
        union
        select survey, breakdown from {{ relations[1] }}
        order by survey, breakdown
    {% endset %}
    {% set names = {} %}
    {% for survey, breakdown in run_query(query).rows %}
        {% do names.setdefault(survey, []).append(breakdown) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
