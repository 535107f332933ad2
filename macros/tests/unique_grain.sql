{# Rows of the model that share their grain with another row, or have a hole in it: must be none. #}
{% test unique_grain(model, columns, may_be_null=[]) %}
select
    {{ columns | join(', ') }},
    count(*) as row_n
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns if column not in may_be_null %}
    or {{ column }} is null
    {% endfor %}
{% endtest %}
