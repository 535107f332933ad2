{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_composition'}}}) }}
-- The same against a table whose official figures could not be had: told, never a failure.
select
    survey,
    year,
    breakdown,
    group_key,
    share_pct,
    weighted_pct,
from ({{ margins_off('assumed') }})
