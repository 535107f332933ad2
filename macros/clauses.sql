{#
    Respondents for whom every clause of a set holds.

    clauses: seed with survey, `keys`, clause, `item_column`, operator (any, none) and answers (`|` between them), and with
    year_from and year_to where `is_ranged`. A clause holds when the respondent answered its item and gave any (none) of its
    answers; the clauses of one key are ANDed. given: relation with survey, year, respondent_no, item and answer.
    Returns one row per survey, year, respondent and key.
#}
{% macro clauses_hold(clauses, keys, item_column, given, is_ranged=false) %}
with

clauses as (
    select
        waves.survey,
        waves.year,
        {{ keys | join(', ') }},
        rules.{{ item_column }} as source_item,
        rules.operator,
        {{ split_list('rules.answers') }} as wanted,
        count(*) over (partition by waves.survey, waves.year, {{ keys | join(', ') }}) as clause_n
    from {{ clauses }} as rules
    inner join {{ ref('waves') }} as waves
        on rules.survey = waves.survey{{ ' and ' ~ in_range('waves.year', 'rules') if is_ranged }}
),

told as (
    select
        survey,
        year,
        respondent_no,
        item as source_item,
        array_agg(answer) as answers
    from {{ given }}
    where item in (select source_item from clauses)
    group by survey, year, respondent_no, item
)

select
    survey,
    year,
    told.respondent_no,
    {{ keys | join(', ') }}
from clauses
inner join told using (survey, year, source_item)
where {{ share_element('told.answers', 'clauses.wanted') }} = (clauses.operator = 'any')
group by survey, year, told.respondent_no, {{ keys | join(', ') }}
having count(*) = max(clauses.clause_n)
{% endmacro %}
