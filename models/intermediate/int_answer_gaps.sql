-- Grain: one row per survey, year, item, answer, breakdown, group and basis for which there is no share: the gaps of the
-- item, for the answers the wave's form offered, and the answers that the disclosure profile withholds.
select
    gaps.survey,
    gaps.year,
    gaps.item,
    offered.answer,
    gaps.breakdown,
    gaps.group_key,
    gaps.basis,
    gaps.obs_status as gap_status,
    gaps.status_reason,
from {{ ref('int_gaps') }} as gaps
inner join {{ ref('items') }} as items
    on gaps.survey = items.survey and gaps.item = items.item
inner join {{ ref('int_item_answers') }} as offered
    on gaps.survey = offered.survey and gaps.year = offered.year and gaps.item = offered.item
where items.type in ('single', 'multi', 'scale', 'open_coded')
union all
select
    bases.survey,
    bases.year,
    bases.item,
    withheld.answer,
    bases.breakdown,
    bases.group_key,
    bases.basis,
    'Q' as gap_status,
    {{ withheld_reason() }} as status_reason,
from {{ ref('int_released_cells') }} as bases
inner join {{ ref('int_withheld_answers') }} as withheld
    on bases.survey = withheld.survey and bases.year = withheld.year and bases.item = withheld.item
where bases.answer = '_base'
