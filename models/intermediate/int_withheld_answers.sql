-- Grain: one row per survey, year, item and answer that profile `open` withholds everywhere.
-- Whole-sample counts below the smallest cell are unsafe. The unsafe answers of a single-choice item are merged with its
-- next rarest ones until at least two answers are withheld and their sum is safe, also for a reader who knows that each was
-- given: what remains is a table whose categories were collapsed (table redesign, Hundepool et al. 2012, ch. 4). An option
-- of a set stands alone, chosen or not chosen. A base below the smallest one withholds the item of that wave, the answer
-- `_base` with it.
with

totals as (
    select
        cells.survey,
        cells.year,
        cells.item,
        cells.answer,
        cells.basis,
        items.type,
        case when items.type = 'allocation' and cells.answer != '_base' then cells.nonzero_n else cells.n end as n,
        max(cells.n) filter (where cells.answer = '_base') over (
            partition by cells.survey, cells.year, cells.item, cells.basis
        ) as base_n,
    from {{ ref('int_cells') }} as cells
    inner join {{ ref('items') }} as items
        on cells.survey = items.survey and cells.item = items.item
    where cells.breakdown = 'total' and {{ is_open() }}
),

smallest as (
    select
        survey,
        year,
        item,
        answer,
        type,
        min(n) as n,
        min(base_n) as base_n,
        bool_or(n > 0 and n < {{ var('disclosure_min_cell') }}) as is_rare,
        bool_or(base_n - n > 0 and base_n - n < {{ var('disclosure_min_cell') }}) as is_nearly_all,
    from totals
    group by survey, year, item, answer, type
),

ordered as (
    select
        *,
        row_number() over (rarest) as rank_no,
        sum(n) over (rarest) as merged_n,
        count(*) filter (where is_rare) over (partition by survey, year, item) as rare_n,
    from smallest
    where answer != '_base' and type in ('single', 'scale')
    window rarest as (partition by survey, year, item order by is_rare desc, n, answer)
),

cuts as (
    select
        survey,
        year,
        item,
        min(rank_no) filter (
            where rank_no >= greatest(rare_n, 2) and merged_n >= rank_no + {{ var('disclosure_min_cell') }}
        ) as withheld_n,
        max(rank_no) as answer_n,
    from ordered
    where rare_n > 0
    group by survey, year, item
),

withheld as (
    select ordered.survey, ordered.year, ordered.item, ordered.answer
    from ordered
    inner join cuts
        on ordered.survey = cuts.survey and ordered.year = cuts.year and ordered.item = cuts.item
    where ordered.rank_no <= coalesce(cuts.withheld_n, cuts.answer_n)
    union
    select survey, year, item, answer
    from smallest
    where
        (type in ('multi', 'open_coded', 'allocation') and answer != '_base' and (is_rare or is_nearly_all))
        or base_n < {{ var('disclosure_min_base') }}
),

families as (
    select *, count(*) over (partition by survey, family) as item_n
    from {{ ref('int_table_families') }}
),

-- A filter that lets some of an item's withheld answers through and not the others: who was asked would tell them apart.
split as (
    select withheld.survey, withheld.year, withheld.item
    from withheld
    inner join {{ ref('universes') }} as universes
        on withheld.survey = universes.survey and withheld.item = universes.item
    where withheld.answer != '_base'
    group by withheld.survey, withheld.year, withheld.item, universes.universe
    having count(distinct list_contains(string_split(universes.answers, '|'), withheld.answer)) = 2
),

gone_families as (
    -- Of items derived from one another, one that loses an answer takes all along, and so do the channels of an allocation.
    select withheld.survey, withheld.year, families.family
    from withheld
    inner join families
        on withheld.survey = families.survey and withheld.item = families.item
    where families.item_n > 1 or families.type = 'allocation'
    union
    select survey, year, family
    from {{ ref('int_disclosure_overlaps') }}
    where breakdown = 'total' and n > 0 and n < {{ var('disclosure_min_cell') }}
    union
    select split.survey, split.year, routes.family
    from split
    inner join families
        on split.survey = families.survey and split.item = families.item
    inner join {{ ref('int_family_routes') }} as routes
        on split.survey = routes.survey and split.year = routes.year and families.family = routes.routing_family
)

select survey, year, item, answer
from withheld
union
select smallest.survey, smallest.year, smallest.item, smallest.answer
from smallest
inner join families
    on smallest.survey = families.survey and smallest.item = families.item
inner join gone_families
    on
        smallest.survey = gone_families.survey
        and smallest.year = gone_families.year
        and families.family = gone_families.family
