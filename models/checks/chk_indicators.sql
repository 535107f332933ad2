-- Grain: one row per indicator or item whose declaration the models cannot compute: an unknown kind, type, denominator or unit, a
-- combination that gives no value of that name, a derived answer without clauses; and per printed group that is not declared.
{% set place = "concat('codebook/indicators.csv, indicator ', indicator)" %}
with

indicators as (
    select
        indicators.*,
        items.type,
        kinds.goes_with,
        kinds.units,
        list_contains(string_split(kinds.goes_with, '|'), concat(items.type, ':', indicators.denominator)) as goes,
        list_contains(string_split(kinds.units, '|'), indicators.unit) as has_unit
    from {{ ref('indicators') }} as indicators
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('kinds') }} as kinds using (kind)
),

pairs as (
    select kind, unnest(string_split(goes_with, '|')) as pair
    from {{ ref('kinds') }}
),

printed as (
    select
        printed.survey,
        coalesce(crosses.source_breakdown, printed.breakdown) as breakdown,
        case
            when crosses.dimension is null then printed.group_key
            else split_part(printed.group_key, '__', crosses.dimension)
        end as group_key,
        count(*) as result_n
    from {{ ref('published_results') }} as printed
    left join {{ ref('crosses') }} as crosses
        on printed.survey = crosses.survey and printed.breakdown = crosses.breakdown
    where printed.denominator not in ('none', 'margin')
    group by all
),

underived as (
    select items.survey, items.item, items.answer_set, answers.answer
    from {{ ref('items') }} as items
    semi join {{ ref('derivations') }} as derived using (survey, item)
    inner join {{ ref('answers') }} as answers using (answer_set)
    anti join {{ ref('derivations') }} as given
        on items.survey = given.survey and items.item = given.item and answers.answer = given.answer
)

select
    {{ finding('unknown_kind', place, survey='survey', values=['indicator', 'survey', 'kind'],
        text="codebook/indicators.csv: indicator {} of {} has kind '{}', which codebook/kinds.csv does not have. Write one of its "
        ~ "kinds, or add a row.") }}
from indicators
where goes_with is null
union all
select
    {{ finding('unfitting_denominator', place, survey='survey',
        values=['indicator', 'survey', 'kind', 'denominator', 'type', "replace(goes_with, '|', ', ')"],
        text="codebook/indicators.csv: indicator {} of {} has kind {} with denominator '{}' on an item of type {}, which do not go "
        ~ "together. The kind takes these pairs of type and denominator: {}.") }}
from indicators
where goes_with is not null and type is not null and not coalesce(goes, false)
union all
select
    {{ finding('unknown_unit', place, survey='survey',
        values=['indicator', 'survey', 'unit', 'kind', "replace(units, '|', ' or ')"],
        text="codebook/indicators.csv: indicator {} of {} has unit '{}', and kind {} is in {}. Write that.") }}
from indicators
where units is not null and not coalesce(has_unit, false)
union all
select
    {{ finding('unknown_type', "concat('codebook/items.csv, item ', item)", survey='survey', values=['item', 'survey', 'type'],
        text="codebook/items.csv: item {} of {} has type '{}', which codebook/item_types.csv does not have. Write one of its "
        ~ "types.") }}
from {{ ref('items') }}
anti join {{ ref('item_types') }} using (type)
union all
select
    {{ finding('unknown_denominator', "concat('codebook/kinds.csv, kind ', kind)", values=['kind', 'pair'],
        text="codebook/kinds.csv: kind {} goes with '{}', whose denominator is none of answered, substantive and position. Correct "
        ~ "the word.") }}
from pairs
where split_part(pair, ':', 2) not in ('answered', 'substantive', 'position')
union all
select
    {{ finding('unknown_group', "concat('codebook/breakdowns.csv, breakdown ', breakdown)", survey='survey', problem_n='result_n',
        values=['result_n', 'group_key', 'breakdown', 'survey'],
        text='codebook/breakdowns.csv: {} numbers of published_results.csv stand on group {} of breakdown {} of {}, which is not '
        ~ 'there. Add its row, or correct the address of the numbers.') }}
from printed
anti join {{ ref('breakdowns') }} using (survey, breakdown, group_key)
union all
select
    {{ finding('underived', "concat('codebook/derivations.csv, item ', item)", survey='survey',
        values=['item', 'survey', 'answer', 'answer_set'],
        text='codebook/derivations.csv: item {} of {} is derived, but no clause gives its answer {}. Add the clauses, or take the '
        ~ 'answer out of answer set {}.') }}
from underived
