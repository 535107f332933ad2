-- Grain: one row per survey, series, basis, wave that has it and place (see group_places): the segment of comparable values and
-- the changes since the wave before. A change that breaks the series' kind starts a segment; like for like, a change of filter
-- parts the waves that were cut down to different universes. `series_no` numbers the series, to join by.
with

-- A wave that is only known from print stands in the published series beside the landed ones. The answers of an item change
-- together, so an answer's segments are those of all waves of its item.
observed as (
    select survey, series, series_type, item, kind, year, filter_changed, own_no, like_for_like_no
    from {{ ref('int_series_waves') }}
    where is_offered or series_type = 'answer'
    union all
    select distinct
        survey, indicator as series, 'indicator' as series_type, item, kind, year, false as filter_changed, null as own_no,
        null as like_for_like_no
    from {{ ref('int_printed_indicators') }}
),

-- Changes part two series of one item, kind and waves only where they name one. Of those that are alike the first is judged.
series as (
    select
        row_number() over (order by survey, series) as series_no, survey, series, series_type, item,
        min(series) over (partition by survey, item, kind, named.series, list(year order by year)) as judged_series
    from observed
    left join (
        select distinct survey, unnest([split_part(place, 'indicator/', 2)] || unaffected_series) as series
        from {{ ref('int_reach') }}
    ) as named using (survey, series)
    group by survey, series, series_type, item, kind, named.series
),

waves as (
    select
        observed.*, bases.basis,
        min(observed.year) over along as first_year,
        lag(observed.year) over along as previous_year,
        min(observed.like_for_like_no) over before as first_no,
        last_value(observed.like_for_like_no ignore nulls) over before as previous_no
    from observed
    semi join series on observed.survey = series.survey and observed.series = series.judged_series
    inner join (values ('as_published'), ('like_for_like')) as bases (basis)
        on bases.basis = 'as_published' or observed.filter_changed
    window
        along as (partition by observed.survey, observed.series, bases.basis order by observed.year),
        before as (along rows between unbounded preceding and 1 preceding)
),

located as (
    select waves.*, place, unnest([concat('item/', item), concat('group/', place), concat('indicator/', series)]) as reached
    from waves
    inner join (
        select survey, '*' as place from {{ ref('waves') }}
        union
        select survey, place from {{ group_places() }}
    ) as places using (survey)
),

judged as (
    select
        located.*, changes.year as change_year, changes.* exclude (survey, place, year),
        case
            when located.basis = 'as_published' or changes.filter_no is null then located.year >= changes.year
            else coalesce(located.first_no < changes.filter_no and located.like_for_like_no >= changes.filter_no, false)
        end as has_come,
        located.year >= changes.year and changes.year > coalesce(located.previous_year, located.first_year) as is_new,
        has_come and case
            when located.basis = 'as_published' or changes.filter_no is null then is_new
            else located.previous_no < changes.filter_no
        end as has_just_come,
        (list_contains(changes.broken_kinds, located.kind) or changes.by_membership and changes.breaks_membership)
        and not list_contains(changes.unaffected_series, located.series) as is_break
    from located
    left join {{ ref('int_reach') }} as changes
        on
            located.survey = changes.survey
            and located.reached = changes.place
            and located.first_year < changes.year
            and (located.year >= changes.year or located.basis = 'like_for_like')
),

segments as (
    select
        survey, series, year, basis, place, previous_year, own_no, like_for_like_no,
        cast(1 + count(distinct change_year) filter (where is_break and has_come) as integer) as series_segment,
        coalesce(bool_or(is_break and has_just_come), false) as is_first_of_segment,
        case when previous_year is not null then not is_first_of_segment end as comparable_with_previous,
        {{ said_of_changes('change_id', '(is_new or has_just_come)', '|') }} as change_ids,
        coalesce(
            {{ said_of_changes('description_en', 'is_break and has_just_come and not is_redefined', ' ') }},
            {{ said_of_changes('description_en', 'is_break and has_just_come', ' ') }}
        ) as break_reason,
        {{ said_of_changes('description_en', 'is_break and has_just_come and filter_no is null', ' ') }} as other_break_reason,
        coalesce(bool_or(is_difference and not is_break and has_just_come), false) as definition_differs
    from judged
    group by survey, series, year, basis, place, previous_year, own_no, like_for_like_no
)

select series.* exclude (judged_series), segments.* exclude (survey, series)
from series
inner join segments on series.survey = segments.survey and series.judged_series = segments.series
