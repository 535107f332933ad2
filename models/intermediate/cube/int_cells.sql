-- Grain: one row per survey, year, item, answer, breakdown, group and basis: the additive sums that everything else is arithmetic
-- on. Nothing after this model reads a respondent. Pseudo-answers: `_base` answered, `_asked` was asked, `_valid` took a position
-- (a substantive or neutral answer); of a set of options, whose cells do not tell, `_not_relevant` and `_refused`: who took none,
-- and said that. Everybody in a group is the `_base` of the item `_respondents`.
{% set keys = 'survey, year, item, answer, breakdown, group_key, basis' %}
{% set columns = ['sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] + (['sum_key'] if is_open() else []) %}
-- noqa: disable=LT02
with

sums as (
    select
        sums.*,
        case
            when sums.item = '_respondents' then 'everybody'
            when sums.answer = '_base' then 'set'
            when sums.answer = '_no_answer' then 'blank'
            when sums.answer in ('_not_relevant', '_refused') and not types.answers_add_up then 'unsaid_in_set'
            when sums.answer in ('_dont_know', '_not_relevant', '_refused') then 'unsaid'
            when types.answers_add_up then 'answer'
            else 'option'
        end as part
    from {{ ref('int_answer_sums') }} as sums
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('item_types') }} as types using (type)
),

-- Which parts make up a pseudo-answer. The answers of a single-choice item exclude each other, so they add up to its base.
pseudo_answers (part, pseudo_answer, sign) as (
    values
    ('answer', '_base', 1),
    ('answer', '_valid', 1),
    ('answer', '_asked', 1),
    ('set', '_valid', 1),
    ('set', '_asked', 1),
    ('blank', '_asked', 1),
    ('unsaid', '_valid', -1),
    ('unsaid_in_set', '_valid', -1)
),

added as (
    select
        sums.survey,
        sums.year,
        sums.item,
        pseudo_answers.pseudo_answer as answer,
        sums.breakdown,
        sums.group_key,
        sums.basis,
        cast(sum(pseudo_answers.sign * sums.n) as bigint) as n,
        {% for column in columns %}
        sum(pseudo_answers.sign * sums.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from sums
    inner join pseudo_answers using (part)
    group by all
)

select {{ keys }}, n, {{ columns | join(', ') }}
from sums
where part in ('answer', 'option', 'set', 'unsaid_in_set', 'everybody')
union all
select {{ keys }}, n, {{ columns | join(', ') }}
from added
where n > 0
