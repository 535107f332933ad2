-- depends_on: {{ ref('chk_columns') }} {{ ref('chk_delivery') }} {{ ref('chk_codes') }}
-- Grain: one row per survey, year, respondent, item and answer given: delivered columns that are not blank, decoded, empty boxes
-- that mean "not chosen", and the derived answers whose clauses hold. Pseudo-items: the universes that the respondent belongs to
-- are answers of `_universe`; the items that a code says were left blank or routed past are answers of `_no_answer` and
-- `_not_asked`. Who was asked is not looked at yet, but for empty boxes. `answer` is NULL where an option was left unticked,
-- `value` the number of a numeric column.
with

delivered as (
    select * from {{ ref('stg_answers') }} where raw_value is not null
),

decoded as (
    {{ decoded(delivered='delivered') | indent }}
),

-- Of several mentions that name one answer, one counts.
told as (
    select survey, year, respondent_no, item, answer, value
    from decoded
    where not is_mention
    union all
    select distinct survey, year, respondent_no, item, answer, value
    from decoded
    where is_mention
),

{{ empty_boxes(told='told') }}

asked as (
    select * from told
    union all
    select * from unticked
),

derived as (
    {{ clauses_hold(
        clauses=ref('derivations'),
        keys=['item', 'answer'],
        item_column='source_item',
        given='asked',
        is_ranged=true,
    ) | indent }}
),

given as (
    select survey, year, respondent_no, item, answer, value
    from asked
    union all
    select survey, year, respondent_no, item, answer, null as value
    from derived
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
