-- Grain: one row per change and place that it reaches: where it happens, and, if it breaks or moves anything, what is made of
-- that: derived items, items that it routes, groups, crosses. `by_membership`: other people are asked or in the group, so that
-- every kind of value breaks with the answers of the source.
with recursive

effects as (
    select * from {{ ref('int_change_effects') }}
),

dependencies as (
    select dependencies.*, waves.first_year, waves.last_year
    from {{ dependencies() }} as dependencies
    left join (
        select distinct survey, concat('item/', item) as source, first_year, last_year from {{ ref('stg_item_waves') }}
    ) as waves using (survey, source)
),

-- Groups in the scope of a change, and others of the same source that hold some of the same answers or numbers.
scopes as (
    select
        changes.change_id as change_key,
        list(distinct concat('item/', named.source_item)) as sources,
        list(distinct concat('group/', others.breakdown, ':', others.group_key)) as targets
    from {{ ref('changes') }} as changes
    inner join {{ ref('breakdowns') }} as named
        on
            changes.survey = named.survey
            and list_contains(string_split(changes.scope, '|'), concat(named.breakdown, ':', named.group_key))
    inner join {{ ref('breakdowns') }} as others
        on
            named.survey = others.survey
            and named.source_item = others.source_item
            and (
                list_has_any(string_split(named.answers, '|'), string_split(others.answers, '|'))
                or named.answers is null
                and others.answers is null
                and coalesce(named.min_value <= others.max_value, true)
                and coalesce(others.min_value <= named.max_value, true)
            )
    group by changes.change_id
),

spreading as (
    select distinct
        effects.change_key, effects.survey, effects.year, effects.unaffected,
        coalesce(scopes.sources, []) as scoped_sources,
        coalesce(scopes.targets, []) as scoped_targets
    from effects
    left join scopes using (change_key)
    where effects.is_difference or len(effects.broken_kinds) > 0
),

reach as (
    select change_key, survey, place as origin, concat(place) as place, false as by_membership
    from effects
    union
    select
        reach.change_key, reach.survey, reach.origin, dependencies.target as place,
        reach.by_membership or dependencies.is_membership as by_membership
    from reach
    inner join spreading using (change_key, survey)
    inner join dependencies
        on reach.survey = dependencies.survey and reach.place = dependencies.source
    where
        not list_has_any(spreading.unaffected, dependencies.names)
        and spreading.year > coalesce(greatest(dependencies.year_from, dependencies.first_year), spreading.year - 1)
        and spreading.year <= coalesce(least(dependencies.year_to, dependencies.last_year), spreading.year)
        and (
            not list_contains(spreading.scoped_sources, dependencies.source)
            or dependencies.target like 'item/%'
            or list_contains(spreading.scoped_targets, dependencies.target)
        )
),

-- A change of filter that gives an item another universe can be undone, like for like.
filters as (
    select
        survey, concat('item/', item) as place, year, filter_no, lag(year) over along as previous_year,
        lag(filter_no) over along as previous_no
    from {{ ref('stg_item_waves') }}
    window along as (partition by survey, item order by year)
    qualify filter_no > previous_no
)

select
    effects.* exclude (place, breaks_membership), reach.place, filters.filter_no,
    bool_or(effects.breaks_membership) as breaks_membership,
    bool_or(reach.by_membership) as by_membership
from reach
inner join effects
    on reach.change_key = effects.change_key and reach.survey = effects.survey and reach.origin = effects.place
left join filters
    on
        effects.is_filter
        and reach.survey = filters.survey
        and reach.place = filters.place
        and effects.year > filters.previous_year
        and effects.year <= filters.year
group by all
