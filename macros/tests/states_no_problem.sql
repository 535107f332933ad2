{# The model must be empty; every row it has is a sentence, and the sentences are said, after a word, before the test fails. #}
{% test states_no_problem(model, word='Refused') %}
    {% if execute %}
        {% set name = model | string %}
        {% set problems = run_query('select sentence from ' ~ model ~ ' order by all') %}
        {% for sentence in problems.columns[0].values() %}
            {% do log(word ~ ': ' ~ sentence, info=true) %}
        {% endfor %}
    {% endif %}
    select * from {{ model }}
{% endtest %}
