-- Grain: one row per margin that stops the build: its row of the population table is not complete, or the official figure is
-- not met.
select
    'weighted_margin' as check_name,
    survey,
    year,
    breakdown,
    group_key,
    sentence,
from {{ ref('int_margins') }}
where sentence is not null and (status is distinct from 'assumed' or share_pct is null)
