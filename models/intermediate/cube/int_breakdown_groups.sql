-- Grain: one row per survey, breakdown and group that the codebook declares. A cross has a group for every combination of those
-- that it crosses, with their labels; it stands where all its parts do. `serves`: what the breakdown is for, see breakdowns.csv.
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
        any_value(serves) as serves
    from {{ ref('breakdowns') }}
    group by survey, breakdown, group_key
),

parts as (
    select
        crosses.survey,
        crosses.breakdown,
        crosses.dimension,
        crosses.serves,
        declared.group_key,
        declared.label_no,
        declared.label_en,
        declared.sort_order,
        declared.year_from,
        declared.year_to
    from {{ ref('crosses') }} as crosses
    inner join declared
        on crosses.survey = declared.survey and crosses.source_breakdown = declared.breakdown
),

-- Two dimensions, or three.
crossed as (
    select
        a.survey,
        a.breakdown,
        concat_ws('__', a.group_key, b.group_key, c.group_key) as group_key,
        cast(null as string) as source_item,
        concat_ws(' × ', a.label_no, b.label_no, c.label_no) as label_no,
        concat_ws(' × ', a.label_en, b.label_en, c.label_en) as label_en,
        cast(a.sort_order * 10000 + b.sort_order * 100 + coalesce(c.sort_order, 0) as integer) as sort_order,
        greatest(a.year_from, b.year_from, c.year_from) as year_from,
        least(a.year_to, b.year_to, c.year_to) as year_to,
        a.serves
    from parts as a
    inner join parts as b
        on a.survey = b.survey and a.breakdown = b.breakdown and b.dimension = 2
    left join parts as c
        on a.survey = c.survey and a.breakdown = c.breakdown and c.dimension = 3
    where a.dimension = 1
)

select *, false as is_cross
from declared
union all
select *, true as is_cross
from crossed
where coalesce(year_from <= year_to, true)
