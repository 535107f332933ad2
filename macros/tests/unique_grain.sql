{# Rows of the model that share their grain with another row: must be none. #}
{% test unique_grain(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_n,
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
