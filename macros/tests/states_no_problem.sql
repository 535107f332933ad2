{#
    Findings of a model of checks: each is said as its sentence, after a word. Those of severity `refuse` fail the test, those of
    severity `note` warn.
#}
{% macro say_findings(model, severity, word) %}
    {% if execute %}
        {% set found = run_query("select sentence from " ~ model ~ " where severity = '" ~ severity ~ "' order by sentence") %}
        {% for sentence in found.columns[0].values() %}
            {% do log(word ~ ': ' ~ sentence, info=true) %}
        {% endfor %}
    {% endif %}
    select * from {{ model }} where severity = '{{ severity }}'
{% endmacro %}

{% test states_no_problem(model) %}
{{ say_findings(model, 'refuse', 'Refused') }}
{% endtest %}

{% test states_notes(model) %}
{{ config(severity='warn') }}
{{ say_findings(model, 'note', 'Note') }}
{% endtest %}
