-- depends_on: {{ ref('chk_columns') }} {{ ref('chk_delivery') }} {{ ref('chk_codes') }}
-- Grain: one row per survey, year, respondent, item and answer given: delivered columns that are not blank, decoded, empty boxes
-- that mean "not chosen", and the derived answers whose clauses hold. Pseudo-items: the universes that the respondent belongs to
-- are answers of `_universe`; the items that a code says were left blank or routed past are answers of `_no_answer` and
-- `_not_asked`. Who was asked is not looked at yet, but for empty boxes. `answer` is NULL where an option was left unticked,
-- `value` the number of a numeric column.
with

told as (
    {{ step('int_told_answers', told_answers()) | indent }}
),

asked as (
    {{ step('int_asked_answers', with_empty_boxes(told='told')) | indent }}
),

given as (
    {{ step('int_asked_and_derived_answers', with_derived_answers(asked='asked')) | indent }}
),

-- A universe may rest on derived items.
universes as (
    {{ clauses_hold(
        clauses=ref('universes'),
        keys=['universe'],
        item_column='item',
        given='given',
    ) | indent }}
)

select survey, year, respondent_no, item, answer, value
from given
union all
select survey, year, respondent_no, '_universe' as item, universe as answer, null as value
from universes
