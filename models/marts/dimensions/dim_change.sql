-- Grain: one row per change of the register and item that it changes; the item of a context event is `*`.
select
    change_id,
    survey,
    item,
    year,
    year_to,
    change_type,
    assessed_impact,
    breaks,
    unaffected_indicators,
    unaffected_items,
    unaffected_breakdowns,
    scope,
    description_no,
    description_en,
    report,
    figure
from {{ changes_by_item() }} as changes
order by change_id, item
