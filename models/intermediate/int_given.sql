-- Grain: one row per survey, year, respondent, item and answer given (asked or derived), routing not yet applied.
select
    survey,
    year,
    respondent_no,
    item,
    answer,
    value,
from {{ ref('int_decoded') }}
union all
select
    survey,
    year,
    respondent_no,
    item,
    answer,
    null as value,
from {{ ref('int_derived') }}
