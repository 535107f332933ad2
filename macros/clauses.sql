{#
    Respondents for whom every clause of a set holds.

    `clauses` has survey, `keys`, clause, `item_column`, operator (any, none) and answers (`|` between them). A clause
    holds when the respondent answered its item and gave any (none) of its answers; the clauses of one key are ANDed.
    Returns one row per survey, year, respondent and key.
#}
{% macro clauses_hold(clauses, keys, item_column, given) %}
with

clauses as (
    select
        survey,
        {{ keys | join(', ') }},
        {{ item_column }} as source_item,
        operator,
        string_split(answers, '|') as wanted,
        count(*) over (partition by survey, {{ keys | join(', ') }}) as clause_n
    from {{ clauses }}
),

given as (
    select
        survey,
        year,
        respondent_no,
        item as source_item,
        list(answer) as answers
    from {{ given }}
    where item in (select source_item from clauses)
    group by all
),

held as (
    select
        given.survey,
        given.year,
        given.respondent_no,
        clauses.clause_n,
        {% for key in keys %}
        clauses.{{ key }},
        {% endfor %}
    from clauses
    inner join given
        on clauses.survey = given.survey and clauses.source_item = given.source_item
    where list_has_any(given.answers, clauses.wanted) = (clauses.operator = 'any')
)

select
    survey,
    year,
    respondent_no,
    {{ keys | join(', ') }}
from held
group by all
having count(*) = max(clause_n)
{% endmacro %}
