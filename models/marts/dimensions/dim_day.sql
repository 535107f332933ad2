-- Grain: one row per day from the first to the last calendar year that a wave stands in.
with

waves as (
    select min({{ wave_day('waves') }}) as first_day, max({{ wave_day('waves') }}) as last_day from {{ ref('waves') }} as waves
),

days as (
    select unnest(generate_series(
        date_trunc('year', first_day), date_trunc('year', last_day) + interval 1 year - interval 1 day, interval 1 day
    )) as instant
    from waves
)

select
    cast(instant as date) as day_date,
    cast(extract(year from instant) as integer) as year
from days
