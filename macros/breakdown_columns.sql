{#
    Names of all breakdowns of the codebook, crosses included, in a fixed order.
    They are columns of the cube's query, so they are read when the model runs; a compile before the first build gets none.
#}
{% macro breakdown_columns() %}
    {% set relations = [ref('breakdowns'), ref('crosses')] %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% for relation in relations %}
        {% if not adapter.get_relation(relation.database, relation.schema, relation.identifier) %}
            {{ return(['total']) }}
        {% endif %}
    {% endfor %}
    {% set query %}
        select breakdown from {{ relations[0] }}
        union
        select breakdown from {{ relations[1] }}
        order by breakdown
    {% endset %}
    {{ return(run_query(query).columns[0].values() | list) }}
{% endmacro %}
