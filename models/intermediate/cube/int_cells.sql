-- Grain: one row per survey, year, item, answer, breakdown, group and basis: the additive sums that everything else is arithmetic
-- on. Nothing after this model reads a respondent. Pseudo-answers: `_base` answered, `_asked` was asked, `_valid` took a position
-- (a substantive or neutral answer); of a set of options, whose cells do not tell, `_not_relevant` and `_refused`: who took none,
-- and said that. Everybody in a group is the `_base` of the item `_respondents`.
{% set columns = ['sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] + (['sum_key'] if is_open() else []) %}
-- noqa: disable=LT02
with

keys as (
    select
        survey,
        year,
        keys.answer_no,
        item,
        keys.answer,
        keys.basis,
        case
            when item = '_respondents' then 'everybody'
            when keys.answer = '_base' then 'set'
            when keys.answer = '_no_answer' then 'blank'
            when keys.answer in ('_not_relevant', '_refused') and not types.answers_add_up then 'unsaid_in_set'
            when keys.answer in ('_dont_know', '_not_relevant', '_refused') then 'unsaid'
            when types.answers_add_up then 'answer'
            else 'option'
        end as part
    from {{ ref('int_answer_keys') }} as keys
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

-- What a counted answer goes into: the cell of its own, and pseudo-answers.
uses as (
    select survey, year, answer_no, item, answer, basis, 1 as sign
    from keys
    where part in ('answer', 'option', 'set', 'unsaid_in_set', 'everybody')
    union all
    select survey, year, keys.answer_no, keys.item, pseudo_answers.pseudo_answer as answer, keys.basis, pseudo_answers.sign
    from keys
    inner join pseudo_answers using (part)
),

numbered as (
    select *, cast(dense_rank() over (order by survey, year, item, answer, basis) as integer) as cell_no
    from uses
),

added as (
    select
        numbered.cell_no,
        sums.group_no,
        cast(sum(numbered.sign * sums.n) as bigint) as n,
        {% for column in columns %}
        sum(numbered.sign * sums.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_answer_sums') }} as sums
    inner join numbered using (survey, year, answer_no)
    group by numbered.cell_no, sums.group_no
)

select
    survey,
    year,
    cells.item,
    cells.answer,
    groups.breakdown,
    groups.group_key,
    cells.basis,
    added.n,
    {% for column in columns %}
    added.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from added
inner join (select distinct survey, year, item, answer, basis, cell_no from numbered) as cells using (cell_no)
inner join {{ ref('int_wave_groups') }} as groups using (survey, year, group_no)
where added.n > 0
