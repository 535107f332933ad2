{#
    The register of changes with one row per change and item that it changes, as SQL of a relation. A blank list is one blank item,
    so that it can be refused.
#}
{% macro changes_by_item() -%}
    (select * exclude (items), unnest(string_split(coalesce(items, ''), '|')) as item from {{ ref('changes') }})
{%- endmacro %}

{# The parts of a list cell of the codebook, as SQL of a list; a blank cell has none. #}
{% macro parts_of(cell) -%}
    list_filter(string_split(coalesce({{ cell }}, ''), '|'), lambda part: part != '')
{%- endmacro %}

{#
    What the codebook makes of what, as SQL of a relation with one row per pair: survey, `source` and `target` (`item/<item>` or
    `group/<breakdown>:<group>`), `names` (the target's, by which the register may say that it is not reached), `is_membership`
    (the target asks or holds the people who gave an answer; a derived item only recodes it) and the range in which it holds.
#}
{% macro dependencies() -%}
(
    select
        survey,
        concat('item/', source_item) as source,
        concat('item/', item) as target,
        [concat('item/', item)] as names,
        false as is_membership,
        case when count(*) = count(year_from) then min(year_from) end as year_from,
        case when count(*) = count(year_to) then max(year_to) end as year_to
    from {{ ref('derivations') }}
    group by survey, source_item, item
    union all
    select
        clauses.survey,
        concat('item/', clauses.item) as source,
        concat('item/', routing.item) as target,
        [concat('item/', routing.item)] as names,
        true as is_membership,
        case when count(*) = count(routing.year_from) then min(routing.year_from) end as year_from,
        case when count(*) = count(routing.year_to) then max(routing.year_to) end as year_to
    from {{ ref('universes') }} as clauses
    inner join {{ ref('routing') }} as routing using (survey, universe)
    group by clauses.survey, clauses.item, routing.item
    union all
    select
        survey,
        concat('item/', source_item) as source,
        concat('group/', breakdown, ':', group_key) as target,
        [concat('group/', breakdown, ':', group_key), concat('group/', breakdown)] as names,
        true as is_membership,
        case when count(*) = count(year_from) then min(year_from) end as year_from,
        case when count(*) = count(year_to) then max(year_to) end as year_to
    from {{ ref('breakdowns') }}
    where source_item is not null
    group by survey, source_item, breakdown, group_key
    union all
    select
        groups.survey,
        concat('group/', crosses.source_breakdown, ':', split_part(groups.group_key, '__', crosses.dimension)) as source,
        concat('group/', groups.breakdown, ':', groups.group_key) as target,
        [concat('group/', groups.breakdown, ':', groups.group_key), concat('group/', groups.breakdown)] as names,
        true as is_membership,
        null as year_from,
        null as year_to
    from {{ ref('int_breakdown_groups') }} as groups
    inner join {{ ref('crosses') }} as crosses using (survey, breakdown)
    where groups.is_cross
)
{%- endmacro %}

{# What changes say of a wave, each once and in order of year and id, as SQL; NULL where nothing is said. #}
{% macro said_of_changes(column, condition, separator) -%}
    nullif(array_to_string(list_transform(
        list_sort(list_distinct(list(struct_pack(change_year, change_id, said := {{ column }})) filter (
            where {{ condition }} and {{ column }} is not null
        ))),
        lambda change: change.said
    ), '{{ separator }}'), '')
{%- endmacro %}

{#
    Groups that changes reach, as SQL of a relation: survey, breakdown, group_key and `place`, which stands for all groups that the
    same changes reach: the first of them (`<breakdown>:<group>`).
#}
{% macro group_places() -%}
(
    select
        survey,
        split_part(reached, ':', 1) as breakdown,
        split_part(reached, ':', 2) as group_key,
        min(reached) over (partition by survey, changes) as place
    from (
        select
            survey,
            substr(place, 7) as reached,
            list_sort(list(concat_ws(' ', change_key, change_id, by_membership and breaks_membership))) as changes
        from {{ ref('int_reach') }}
        where starts_with(place, 'group/')
        group by survey, place
    )
)
{%- endmacro %}
