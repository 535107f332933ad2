-- Grain: one row per change of the register.
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
    scope,
    description_no,
    description_en,
    report,
    figure
from {{ ref('changes') }}
order by change_id
