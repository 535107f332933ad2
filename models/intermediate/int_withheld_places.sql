-- Grain: one row per survey, year, item, breakdown, group and basis with answers that profile `open` withholds. Of crosses
-- not even the rows are released.
select distinct
    cells.survey,
    cells.year,
    cells.item,
    cells.breakdown,
    cells.group_key,
    cells.basis,
from {{ ref('int_cells') }} as cells
semi join {{ ref('int_breakdown_groups') }} as groups
    on cells.survey = groups.survey and cells.breakdown = groups.breakdown and cells.group_key = groups.group_key
anti join {{ ref('int_released_cells') }} as released
    on
        cells.survey = released.survey
        and cells.year = released.year
        and cells.item = released.item
        and cells.breakdown = released.breakdown
        and cells.group_key = released.group_key
        and cells.basis = released.basis
where {{ is_open() }}
