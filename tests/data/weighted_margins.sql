{{ config(meta={'dagster': {'ref': {'name': 'fct_composition'}}}) }}
-- Weighted shares of sex, age and region equal the official population table.
select
    survey,
    year,
    breakdown,
    group_key,
    share_pct,
    weighted_pct,
from ({{ margins_off('official') }})
