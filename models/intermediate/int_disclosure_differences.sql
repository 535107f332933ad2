-- Grain: one row per survey, year, table family, breakdown and group that lies whole in a larger group of another breakdown
-- (general practitioners are doctors) and leaves a count there that profile `open` must not show. Breakdowns of one
-- disclosure family are never released together.
with

members as (
    select groups.survey, groups.year, groups.respondent_no, groups.breakdown, groups.group_key
    from {{ ref('int_groups') }} as groups
    anti join {{ ref('crosses') }} as crosses
        on groups.survey = crosses.survey and groups.breakdown = crosses.breakdown
    where groups.breakdown != 'total' and {{ is_open() }}
),

sizes as (
    select survey, year, breakdown, group_key, count(*) as n
    from members
    group by survey, year, breakdown, group_key
),

shared as (
    select
        parts.survey,
        parts.year,
        parts.breakdown,
        parts.group_key,
        wholes.breakdown as whole_breakdown,
        wholes.group_key as whole_key,
        count(*) as n,
    from members as parts
    inner join members as wholes
        on
            parts.survey = wholes.survey
            and parts.year = wholes.year
            and parts.respondent_no = wholes.respondent_no
            and parts.breakdown != wholes.breakdown
    group by all
),

relatives as (
    select a.survey, a.breakdown, b.breakdown as whole_breakdown
    from {{ ref('disclosure_families') }} as a
    inner join {{ ref('disclosure_families') }} as b
        on a.survey = b.survey and a.family = b.family
),

contained as (
    select shared.*
    from shared
    inner join sizes
        on
            shared.survey = sizes.survey
            and shared.year = sizes.year
            and shared.breakdown = sizes.breakdown
            and shared.group_key = sizes.group_key
            and shared.n = sizes.n
    anti join relatives
        on
            shared.survey = relatives.survey
            and shared.breakdown = relatives.breakdown
            and shared.whole_breakdown = relatives.whole_breakdown
),

counts as (
    select * from {{ ref('int_disclosure_counts') }}
)

select distinct
    contained.survey,
    contained.year,
    wholes.family,
    contained.breakdown,
    contained.group_key,
from contained
inner join counts as wholes
    on
        contained.survey = wholes.survey
        and contained.year = wholes.year
        and contained.whole_breakdown = wholes.breakdown
        and contained.whole_key = wholes.group_key
left join counts as parts
    on
        contained.survey = parts.survey
        and contained.year = parts.year
        and contained.breakdown = parts.breakdown
        and contained.group_key = parts.group_key
        and wholes.table_key = parts.table_key
        and wholes.answer = parts.answer
where wholes.n - coalesce(parts.n, 0) between 1 and {{ var('disclosure_min_cell') }} - 1
