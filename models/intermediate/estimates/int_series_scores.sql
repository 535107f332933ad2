-- Grain: one row per survey, measure, wave that offers it and answer whose cells it reads: whether the answer's respondents
-- belong to the base, and what each of them scores. `scores_numbers`: the score is the number that the respondent gave.
-- `y_low` and `y_high`: ends of the measure's scale; empty where numbers have none.
-- noqa: disable=LT02
with

measures as (
    select distinct * exclude (series_type, series, answer)
    from {{ ref('int_series_waves') }}
    where is_offered
),

item_answers as (
    select
        items.survey,
        items.item,
        items.type,
        types.has_numbers,
        types.sums_to,
        answers.answer,
        answers.answer_kind,
        answers.numeric_value
    from {{ ref('items') }} as items
    inner join {{ ref('item_types') }} as types using (type)
    inner join (
        select answer_set, answer, answer_kind, numeric_value from {{ ref('answers') }}
        union all
        select distinct answer_set, unnest(['_base', '_value']) as answer, null as answer_kind, null as numeric_value
        from {{ ref('items') }}
    ) as answers
        on items.answer_set is not distinct from answers.answer_set
),

scored as (
    select
        measures.measure_no,
        measures.survey,
        measures.measure,
        measures.item,
        measures.year,
        item_answers.answer,
        measures.factor,
        measures.is_proportion,
        list_contains(measures.positive, item_answers.answer) as is_positive,
        list_contains(measures.negative, item_answers.answer) as is_negative,
        -- The options that an indicator names, or the one number of the item.
        kinds.scored_by = 'number' and item_answers.has_numbers
        and coalesce(is_positive, item_answers.answer = '_value') as scores_numbers,
        -- The codebook's schema refuses any other denominator.
        case measures.denominator
            when 'answered' then item_answers.answer = '_base'
            when 'substantive' then item_answers.answer_kind in ('substantive', 'neutral')
            when 'position' then is_positive or is_negative
        end as in_base,
        case
            when kinds.scored_by = 'number' then item_answers.numeric_value
            when is_positive then kinds.positive_score
            when is_negative then kinds.negative_score
        end as score,
        kinds.scored_by = 'answer' as counts_answers,
        {% for end, extreme in [('low', 'min'), ('high', 'max')] %}
        case
            when counts_answers then {{ 'least(kinds.negative_score, 0)' if end == 'low' else 'kinds.positive_score' }}
            when item_answers.has_numbers then {{ '0 * item_answers.sums_to' if end == 'low' else 'item_answers.sums_to' }}
            else {{ extreme }}(case when in_base then item_answers.numeric_value end) over (
                partition by measures.survey, measures.measure, measures.year
            )
        end as y_{{ end }}{{ ',' if not loop.last }}
        {% endfor %}
    from measures
    inner join {{ ref('kinds') }} as kinds using (kind)
    inner join item_answers using (survey, item)
)

select
    measure_no,
    survey,
    measure,
    item,
    year,
    answer,
    factor,
    is_proportion,
    coalesce(in_base, false) as in_base,
    coalesce(cast(score as decimal(9, 3)), 0) as score,
    scores_numbers,
    counts_answers,
    cast(y_low as double) as y_low,
    cast(y_high as double) as y_high
from scored
-- The base is read even where none of it counts: a group that answered, but nothing that the measure counts, has to be known.
where in_base or score != 0 or answer = '_base' or scores_numbers
