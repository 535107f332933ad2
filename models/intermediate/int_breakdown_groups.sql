-- Grain: one row per survey, breakdown and group. A cross takes its labels from the groups it crosses; profile `open` has
-- none, since a row for one says that somebody is in it.
with

declared as (
    select
        survey,
        breakdown,
        group_key,
        any_value(source_item) as source_item,
        any_value(label_no) as label_no,
        any_value(label_en) as label_en,
        min(sort_order) as sort_order,
        case when count(*) = count(year_from) then min(year_from) end as year_from,
        case when count(*) = count(year_to) then max(year_to) end as year_to,
    from {{ ref('breakdowns') }}
    group by survey, breakdown, group_key
),

seen as (
    select distinct
        survey,
        breakdown,
        group_key,
        unnest(string_split(group_key, '__')) as part_key,
        generate_subscripts(string_split(group_key, '__'), 1) as dimension,
    from {{ ref('int_groups') }}
    where breakdown in (select breakdown from {{ ref('crosses') }}) and not {{ is_open() }}
),

crossed as (
    select
        seen.survey,
        seen.breakdown,
        seen.group_key,
        cast(null as varchar) as source_item,
        string_agg(declared.label_no, ' × ' order by seen.dimension) as label_no,
        string_agg(declared.label_en, ' × ' order by seen.dimension) as label_en,
        cast(sum(declared.sort_order * power(100, 3 - seen.dimension)) as integer) as sort_order,
        max(declared.year_from) as year_from,
        min(declared.year_to) as year_to,
    from seen
    inner join {{ ref('crosses') }} as crosses
        on seen.survey = crosses.survey and seen.breakdown = crosses.breakdown and seen.dimension = crosses.dimension
    inner join declared
        on
            crosses.survey = declared.survey
            and crosses.source_breakdown = declared.breakdown
            and seen.part_key = declared.group_key
    group by seen.survey, seen.breakdown, seen.group_key
)

select *, false as is_cross
from declared
union all
select *, true as is_cross
from crossed
