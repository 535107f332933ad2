-- Grain: one row per day from the first to the last year of any wave.
with

years as (
    select
        min(year) as first_year,
        max(year) as last_year
    from {{ ref('waves') }}
),

days as (
    select unnest(generate_series(make_date(first_year, 1, 1), make_date(last_year, 12, 31), interval 1 day)) as instant
    from years
)

select
    cast(instant as date) as day_date,
    cast(extract(year from instant) as integer) as year
from days
