{{ config(meta={'dagster': {'ref': {'name': 'fct_composition'}}}) }}
-- The groups of a breakdown, and those in none, are all who answered its item: 100 percent. In profile `open` each row has
-- noise of its own, so they need not add up.
select
    survey,
    year,
    breakdown,
    sum(pct_of_answered) as pct
from {{ ref('fct_composition') }}
where {{ 'false' if is_open() else 'pct_of_answered is not null' }}
group by survey, year, breakdown
having abs(sum(pct_of_answered) - 100) > 1e-6
