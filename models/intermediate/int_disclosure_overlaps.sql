-- Grain: one row per survey, year, table family, breakdown, group and pair of sets of the family of which one holds
-- everybody of the other, or set and its parts, with the count that is left between them: who had any contact less who had
-- physical contact; options less those who chose any, which is who chose two.
with

members as (
    select * from {{ ref('int_disclosure_sets') }}
),

sizes as (
    select survey, year, family, place, count(*) as n
    from members
    group by survey, year, family, place
),

shared as (
    select parts.survey, parts.year, parts.family, parts.place as part, wholes.place as whole, count(*) as n
    from members as parts
    inner join members as wholes
        on
            parts.survey = wholes.survey
            and parts.year = wholes.year
            and parts.family = wholes.family
            and parts.respondent_no = wholes.respondent_no
            and parts.place != wholes.place
    group by all
),

nested as (
    select shared.*
    from shared
    inner join sizes
        on
            shared.survey = sizes.survey
            and shared.year = sizes.year
            and shared.family = sizes.family
            and shared.part = sizes.place
            and shared.n = sizes.n
),

counts as (
    select
        members.survey,
        members.year,
        members.family,
        members.place,
        groups.breakdown,
        groups.group_key,
        count(*) as n,
    from members
    inner join {{ ref('int_groups') }} as groups
        on
            members.survey = groups.survey
            and members.year = groups.year
            and members.respondent_no = groups.respondent_no
    group by all
),

-- A union with the options that it joins.
unions as (
    select
        survey,
        concat_ws(':', item, answer) as whole,
        any_value(source_item) as source_item,
        unnest(string_split(any_value(answers), '|')) as answer,
    from {{ ref('derivations') }}
    where operator = 'any'
    group by survey, item, answer
    having count(*) = 1
    union all
    select distinct nested.survey, nested.whole, items.item as source_item, split_part(nested.part, ':', 2) as answer
    from nested
    inner join {{ ref('items') }} as items
        on nested.survey = items.survey and starts_with(nested.part, concat(items.item, ':'))
    where nested.whole = concat(items.item, ':_together')
),

joined as (
    select
        counts.survey,
        counts.year,
        counts.family,
        unions.whole,
        counts.breakdown,
        counts.group_key,
        sum(counts.n) as n,
    from unions
    inner join {{ ref('items') }} as items
        on unions.survey = items.survey and unions.source_item = items.item
    inner join counts
        on unions.survey = counts.survey and concat_ws(':', unions.source_item, unions.answer) = counts.place
    where items.type = 'multi'
    group by all
)

select
    wholes.survey,
    wholes.year,
    wholes.family,
    'overlaps' as table_key,
    wholes.breakdown,
    wholes.group_key,
    concat(nested.whole, ' without ', nested.part) as answer,
    wholes.n - coalesce(parts.n, 0) as n,
from nested
inner join counts as wholes
    on nested.survey = wholes.survey and nested.year = wholes.year and nested.whole = wholes.place
left join counts as parts
    on
        wholes.survey = parts.survey
        and wholes.year = parts.year
        and nested.part = parts.place
        and wholes.breakdown = parts.breakdown
        and wholes.group_key = parts.group_key
union all
select
    wholes.survey,
    wholes.year,
    wholes.family,
    'overlaps' as table_key,
    wholes.breakdown,
    wholes.group_key,
    concat(wholes.place, ' twice') as answer,
    joined.n - wholes.n as n,
from joined
inner join counts as wholes
    on
        joined.survey = wholes.survey
        and joined.year = wholes.year
        and joined.whole = wholes.place
        and joined.breakdown = wholes.breakdown
        and joined.group_key = wholes.group_key
