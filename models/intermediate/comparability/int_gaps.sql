-- Grain: one row per survey, item, year, breakdown, group and basis without an answer to count, with the status and the reason:
-- L where it was not collected or cannot be rebuilt, M where the group cannot exist in that wave, O where nobody answered, Q
-- where the disclosure profile withholds it. Before the first and after the last wave in which the item meets the group there
-- is no gap.
-- noqa: disable=LT02
with

asked_groups as (
    select * from {{ ref('int_asked_groups') }}
),

based as (
    select *, 'as_published' as basis, has_as_published as has_base, withholds_as_published as is_withheld
    from asked_groups
    union all
    select *, 'like_for_like' as basis, has_like_for_like as has_base, withholds_like_for_like as is_withheld
    from asked_groups
    where filter_changed
),

without_base as (
    select
        *,
        case
            when basis = 'as_published' or like_for_like_method in ('same_universe', 'rebuilt') then
                case
                    when is_withheld then {{ withheld_reason() }}
                    when not has_source then 'L: the breakdown was not collected in this wave'
                    when not has_members then {{ empty_reason('nobody in the sample belongs to this group') }}
                    when has_as_published then {{ empty_reason('the filter of the newest wave leaves nobody in this group') }}
                    when universe is not null and not is_reached
                        then {{ empty_reason('the filter of this wave leaves nobody in this group') }}
                    else {{ empty_reason('nobody in this group gave a valid answer') }}
                end
            when like_for_like_method = 'routing_item_not_asked'
                then 'L: the item that routes the newest wave was not asked in this wave'
            when like_for_like_method = 'routing_item_differs'
                then 'L: the item that routes the newest wave offered other answers in this wave'
            else 'L: this wave asked fewer than the newest wave asks'
        end as gap
    from based
    where is_withheld or not has_base
),

spans as (
    select
        survey,
        item,
        breakdown,
        group_key,
        min(year) as first_year,
        max(year) as last_year
    from asked_groups
    group by survey, item, breakdown, group_key
),

-- Waves inside the span: of the item in which the group is not valid, and of the whole sample in which the item was not asked.
between_waves as (
    select
        spans.survey,
        spans.item,
        group_waves.year,
        spans.breakdown,
        spans.group_key,
        'as_published' as basis,
        case
            when group_waves.is_valid then 'L: the item was not asked in this wave'
            when group_waves.breakdown_stands then 'M: the group does not exist in this wave'
            else 'L: the breakdown was not collected in this wave'
        end as gap
    from spans
    inner join {{ ref('int_group_waves') }} as group_waves using (survey, breakdown, group_key)
    left join (select distinct survey, item, year from asked_groups) as item_waves using (survey, item, year)
    where
        group_waves.year > spans.first_year
        and group_waves.year < spans.last_year
        and case when spans.breakdown = 'total' then item_waves.item is null else item_waves.item is not null end
        and (spans.breakdown = 'total' or not group_waves.is_valid)
),

gaps as (
    select survey, item, year, breakdown, group_key, basis, gap
    from without_base
    union all
    select survey, item, year, breakdown, group_key, basis, gap
    from between_waves
)

select
    survey,
    item,
    year,
    breakdown,
    group_key,
    basis,
    left(gap, 1) as gap_status,
    substr(gap, 4) as status_reason
from gaps
