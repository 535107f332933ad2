-- Grain: one row per survey, year, table family, breakdown and group: is it withheld within its own table.
-- Groups with an unsafe count are merged with the next smallest ones until the merged counts are safe and two groups or
-- more are withheld, so that no difference from the total gives a withheld count back (table redesign, Hundepool et al.
-- 2012, ch. 4).
with

counts as (
    select * from {{ ref('int_disclosure_counts') }}
),

rare_groups as (
    select distinct concat_ws(':', withheld.survey, withheld.year, breakdowns.breakdown, breakdowns.group_key) as place
    from {{ ref('int_withheld_answers') }} as withheld
    inner join {{ ref('breakdowns') }} as breakdowns
        on
            withheld.survey = breakdowns.survey
            and withheld.item = breakdowns.source_item
            and list_contains(string_split(breakdowns.answers, '|'), withheld.answer)
),

groups as (
    select
        survey,
        year,
        family,
        breakdown,
        group_key,
        min(n) filter (where answer = '_base') as base_n,
        bool_or(n > 0 and n < {{ var('disclosure_min_cell') }})
        -- The size of a group is a count and not a base. Where the item behind it withholds an answer, so must the sizes.
        or (
            family = '_respondents'
            and concat_ws(':', survey, year, breakdown, group_key) in (select rare_groups.place from rare_groups)
        )
        or (
            family != '_respondents'
            and coalesce(min(n) filter (where answer = '_base') < {{ var('disclosure_min_base') }}, false)
        )
        or bool_or(starts_with(answer, '_base:') and n > 0 and n < {{ var('disclosure_min_base') }})
        or concat_ws(':', survey, year, family, breakdown, group_key) in (
            select concat_ws(':', survey, year, family, breakdown, group_key) from {{ ref('int_disclosure_differences') }}
        ) as is_unsafe,
    from counts
    group by survey, year, family, breakdown, group_key
),

-- The rest comes first: whatever is withheld merges with it.
positions as (
    select
        *,
        row_number() over (
            partition by survey, year, family, breakdown
            order by (group_key = '_rest') desc, is_unsafe desc, base_n, group_key
        ) as rank_no,
        count(*) filter (where is_unsafe or group_key = '_rest') over (
            partition by survey, year, family, breakdown
        ) as first_n,
        bool_or(is_unsafe) over (partition by survey, year, family, breakdown) as any_unsafe,
        count(*) over (partition by survey, year, family, breakdown) as group_n,
    from groups
),

answers as (
    select distinct survey, year, family, breakdown, table_key, answer
    from counts
),

merged as (
    select
        positions.survey,
        positions.year,
        positions.family,
        positions.breakdown,
        positions.rank_no,
        answers.answer,
        sum(coalesce(counts.n, 0)) over (
            partition by
                positions.survey, positions.year, positions.family, positions.breakdown, answers.table_key, answers.answer
            order by positions.rank_no
        ) as merged_n,
    from positions
    inner join answers
        on
            positions.survey = answers.survey
            and positions.year = answers.year
            and positions.family = answers.family
            and positions.breakdown = answers.breakdown
    left join counts
        on
            positions.survey = counts.survey
            and positions.year = counts.year
            and positions.breakdown = counts.breakdown
            and positions.group_key = counts.group_key
            and answers.table_key = counts.table_key
            and answers.answer = counts.answer
    where positions.any_unsafe
),

safe_cuts as (
    select survey, year, family, breakdown, rank_no
    from merged
    group by survey, year, family, breakdown, rank_no
    having
        not bool_or(merged_n > 0 and merged_n < {{ var('disclosure_min_cell') }})
        and not bool_or(starts_with(answer, '_base:') and merged_n > 0 and merged_n < {{ var('disclosure_min_base') }})
        and (family = '_respondents' or min(merged_n) filter (where answer = '_base') >= {{ var('disclosure_min_base') }})
),

cuts as (
    select
        positions.survey,
        positions.year,
        positions.family,
        positions.breakdown,
        coalesce(min(safe_cuts.rank_no), any_value(positions.group_n)) as withheld_n,
    from positions
    left join safe_cuts
        on
            positions.survey = safe_cuts.survey
            and positions.year = safe_cuts.year
            and positions.family = safe_cuts.family
            and positions.breakdown = safe_cuts.breakdown
            and safe_cuts.rank_no >= greatest(positions.first_n, 2)
    where positions.any_unsafe
    group by positions.survey, positions.year, positions.family, positions.breakdown
)

select
    positions.survey,
    positions.year,
    positions.family,
    positions.breakdown,
    positions.group_key,
    coalesce(positions.rank_no <= cuts.withheld_n, false) as is_withheld,
from positions
left join cuts using (survey, year, family, breakdown)
where positions.group_key != '_rest'
