-- Grain: one row per change and place where it happens: a row of the register and each item that it names, or a thing (a derived
-- item, who is asked an item, a group, an indicator) that two neighbouring waves make of other answers and the register does not
-- judge, with each change that is registered of its sources. `place` is item/<item>, group/<breakdown>:<group> or
-- indicator/<indicator>.
with

registered as (
    select
        *,
        {{ parts_of('items') }} as item_list,
        starts_with(change_type, 'filter_') as is_filter,
        case when is_filter then 'universe' when change_type not in ('wording', 'mode') then 'item' end as judges,
        {{ parts_of('breaks') }} as broken_kinds,
        assessed_impact in ('possible', 'likely', 'break') as is_difference,
        is_difference or len(broken_kinds) > 0 as marks,
        {{ parts_of('unaffected_indicators') }} as unaffected_series,
        list_transform({{ parts_of('unaffected_items') }}, lambda part: concat('item/', part))
        || list_transform({{ parts_of('unaffected_breakdowns') }}, lambda part: concat('group/', part)) as unaffected
    from {{ ref('changes') }}
    where change_type != 'context_event'
),

things as (
    select definitions.*, waves.item as about, concat('item/', waves.item) as place, waves.universe
    from {{ ref('int_definitions') }} as definitions
    inner join {{ ref('stg_item_waves') }} as waves
        on
            definitions.survey = waves.survey
            and definitions.year = waves.year
            and definitions.thing = case definitions.kind when 'item' then waves.item when 'universe' then waves.universe end
    union all
    select *, thing as about, concat(kind, '/', thing) as place, null as universe
    from {{ ref('int_definitions') }}
    where kind in ('group', 'indicator')
),

neighbours as (
    select
        *,
        lag(year) over along as previous_year,
        lag(universe) over along as previous_universe,
        lag(made_of) over along as previous_made_of,
        lag(not_offered) over along as previous_not_offered
    from things
    window along as (partition by survey, kind, place order by year)
),

-- Who judges: of a derived item or a filter its own row, of an indicator a row of its item that marks anything.
redefined as (
    select
        *,
        list_filter(
            list_sort(list_distinct(not_offered || previous_not_offered)),
            lambda answer: not (list_contains(not_offered, answer) and list_contains(previous_not_offered, answer))
        ) as moved
    from neighbours
    anti join registered
        on
            neighbours.survey = registered.survey
            and registered.year > neighbours.previous_year
            and registered.year <= neighbours.year
            and (
                list_has_any(registered.unaffected, [neighbours.place, split_part(neighbours.place, ':', 1)])
                or list_contains(registered.unaffected_series, neighbours.thing)
                or neighbours.kind = 'indicator' and registered.marks and list_has_any(registered.item_list, neighbours.sources)
                or neighbours.kind = registered.judges and list_contains(registered.item_list, neighbours.about)
            )
    where made_of != previous_made_of and universe is not distinct from previous_universe
)

select
    registered.change_id as change_key, registered.change_id, registered.survey, registered.year, concat('item/', item) as place,
    registered.is_filter, registered.broken_kinds,
    -- Who gave an answer, or a number within a range, is other people. New borders make other groups, however alike.
    list_contains(registered.broken_kinds, 'share')
    or list_contains(registered.broken_kinds, 'mean') and coalesce(types.has_numbers, false)
    or registered.change_type = 'geography' and registered.is_difference as breaks_membership,
    registered.is_difference, registered.description_en, registered.unaffected, registered.unaffected_series,
    false as is_redefined
from (select *, unnest(item_list) as item from registered) as registered
left join {{ ref('items') }} as items using (survey, item)
left join {{ ref('item_types') }} as types using (type)
union all
select
    concat(redefined.place, ' ', redefined.year) as change_key, registered.change_id, redefined.survey, redefined.year,
    redefined.place, false as is_filter, (select list(kind) from {{ ref('kinds') }}) as broken_kinds, true as breaks_membership,
    true as is_difference,
    case
        when redefined.moved = [] then 'The codebook makes it of other answers than in the wave before.'
        else concat('Not both waves offer every answer that it is made of: ', array_to_string(redefined.moved, ', '), '.')
    end as description_en,
    [] as unaffected, coalesce(registered.unaffected_series, []) as unaffected_series, true as is_redefined
from redefined
left join registered
    on
        redefined.survey = registered.survey
        and registered.year > redefined.previous_year
        and registered.year <= redefined.year
        and list_has_any(registered.item_list, redefined.sources)
