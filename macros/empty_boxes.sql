{#
    Answers with those of boxes whose being empty means "not chosen" (blank_means in columns.csv), as a query: a row without an answer
    per respondent who was shown such a set and left a box of it empty.

    told: relation of the answers without them. Who was shown a set is said by its universe, which may itself rest on another set of
    empty boxes that everybody was shown, directly or through a derived item.
#}
{% macro with_empty_boxes(told) %}
with

empty_boxes as (
    select distinct answers.survey, answers.year, answers.respondent_no, boxes.item, routing.universe
    from {{ ref('stg_answers') }} as answers
    inner join {{ ref('stg_columns') }} as boxes
        on answers.survey = boxes.survey and answers.year = boxes.year and answers.column_name = boxes.column_name
    left join {{ ref('routing') }} as routing
        on boxes.survey = routing.survey and boxes.item = routing.item and {{ in_range('boxes.year', 'routing') }}
    anti join {{ told }} as marks
        on
            {{ is_no_answer('marks.item') }}
            and answers.survey = marks.survey
            and answers.year = marks.year
            and answers.respondent_no = marks.respondent_no
            and boxes.item = marks.answer
    where answers.raw_value is null and boxes.blank_means = 'not_selected' and boxes.ignored_reason is null
),

-- Shown to everybody.
unticked_by_all as (
    select survey, year, respondent_no, item, cast(null as string) as answer, cast(null as decimal(18, 9)) as value
    from empty_boxes
    where universe is null
),

needed_universes as (
    select * from {{ ref('universes') }} semi join (select survey, universe from empty_boxes) using (survey, universe)
),

needed_derivations as (
    select *
    from {{ ref('derivations') }}
    semi join needed_universes using (survey, item)
),

told_by_all as (
    select * from {{ told }}
    union all
    select * from unticked_by_all
),

derived_from_all as (
    {{ clauses_hold(
        clauses='needed_derivations',
        keys=['item', 'answer'],
        item_column='source_item',
        given='told_by_all',
        is_ranged=true,
    ) | indent }}
),

known_by_all as (
    select survey, year, respondent_no, item, answer from told_by_all
    union all
    select survey, year, respondent_no, item, answer from derived_from_all
),

shown as (
    {{ clauses_hold(
        clauses='needed_universes',
        keys=['universe'],
        item_column='item',
        given='known_by_all',
    ) | indent }}
),

unticked as (
    select * from unticked_by_all
    union all
    select survey, year, respondent_no, item, cast(null as string) as answer, cast(null as decimal(18, 9)) as value
    from empty_boxes
    semi join shown using (survey, year, respondent_no, universe)
)

select * from {{ told }}
union all
select * from unticked
{% endmacro %}
