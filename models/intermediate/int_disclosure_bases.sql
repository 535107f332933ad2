-- Grain: one row per survey, year, table family, breakdown, group and indicator that stands on a part of its item's base
-- (those who take a position, those with a substantive answer), with the size of that part, for profile `open`.
select
    cells.survey,
    cells.year,
    families.family,
    concat_ws(':', cells.basis, cells.item) as table_key,
    cells.breakdown,
    cells.group_key,
    concat('_base:', indicators.indicator) as answer,
    sum(cells.n) as n,
from {{ ref('int_cells') }} as cells
inner join {{ ref('indicators') }} as indicators
    on cells.survey = indicators.survey and cells.item = indicators.item
inner join {{ ref('int_table_families') }} as families
    on cells.survey = families.survey and cells.item = families.item
inner join {{ ref('items') }} as items
    on cells.survey = items.survey and cells.item = items.item
left join {{ ref('answers') }} as answers
    on items.answer_set = answers.answer_set and cells.answer = answers.answer
where
    {{ is_open() }}
    and (
        (indicators.denominator = 'substantive' and answers.answer_kind in ('substantive', 'neutral'))
        or (
            indicators.denominator = 'position'
            and list_contains(string_split(concat_ws('|', indicators.answers, indicators.negative_answers), '|'), cells.answer)
        )
    )
group by all
