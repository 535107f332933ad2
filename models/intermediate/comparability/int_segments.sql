-- Grain: one row per survey, series, basis and wave that has it: the segment of comparable values and the changes since the
-- wave before. A change that breaks the series' kind starts a new segment; a filter change does not break the like-for-like
-- basis, which undoes it.
with

-- A wave that is only known from print stands in the published series beside the landed ones. The answers of an item change
-- together, so an answer's segments are those of all waves of its item.
observed as (
    select survey, series, series_type, item, kind, year, filter_changed
    from {{ ref('int_series_waves') }}
    where is_offered or series_type = 'answer'
    union all
    select distinct survey, indicator as series, 'indicator' as series_type, item, kind, year, false as filter_changed
    from {{ ref('int_printed_indicators') }}
),

waves as (
    select
        observed.survey,
        observed.series,
        observed.series_type,
        observed.kind,
        observed.item,
        observed.year,
        bases.basis,
        min(observed.year) over (partition by observed.survey, observed.series, bases.basis) as first_year,
        lag(observed.year) over (
            partition by observed.survey, observed.series, bases.basis order by observed.year
        ) as previous_year
    from observed
    cross join (values ('as_published'), ('like_for_like')) as bases (basis)
    where bases.basis = 'as_published' or observed.filter_changed
),

changes as (
    select
        change_id,
        survey,
        item,
        year,
        assessed_impact,
        description_en,
        starts_with(change_type, 'filter_') as is_filter,
        string_split(coalesce(breaks, ''), '|') as broken_kinds,
        string_split(coalesce(unaffected_indicators, ''), '|') as unaffected
    from {{ changes_by_item() }} as changes
    where change_type != 'context_event'
),

judged as (
    select
        waves.*,
        changes.change_id,
        changes.year as change_year,
        changes.description_en,
        changes.year > coalesce(waves.previous_year, waves.first_year) as is_new,
        list_contains(changes.broken_kinds, waves.kind)
        and not list_contains(changes.unaffected, waves.series)
        and not (changes.is_filter and waves.basis = 'like_for_like') as is_break,
        changes.assessed_impact in ('possible', 'likely', 'break')
        and not (changes.is_filter and waves.basis = 'like_for_like') as is_difference
    from waves
    left join changes
        on
            waves.survey = changes.survey
            and waves.item = changes.item
            and waves.first_year < changes.year
            and waves.year >= changes.year
)

select
    survey,
    series,
    series_type,
    kind,
    item,
    year,
    basis,
    previous_year,
    cast(1 + count(distinct change_year) filter (where is_break) as integer) as series_segment,
    case
        when previous_year is not null then not coalesce(bool_or(is_break and is_new), false)
    end as comparable_with_previous,
    string_agg(change_id, '|' order by change_year, change_id) filter (where is_new) as change_ids,
    coalesce(bool_or(is_break and is_new), false) as is_first_of_segment,
    string_agg(description_en, ' ' order by change_year, change_id) filter (where is_break and is_new) as break_reason,
    coalesce(bool_or(is_difference and not is_break and is_new), false) as definition_differs
from judged
group by survey, series, series_type, kind, item, year, basis, previous_year
