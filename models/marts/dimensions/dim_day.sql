-- Grain: one row per day from the first to the last calendar year that a wave stands in.
with

waves as (
    select
        date_trunc('year', min({{ wave_day('waves') }})) as first_day,
        date_trunc('year', max({{ wave_day('waves') }})) + interval 1 year - interval 1 day as last_day
    from {{ ref('waves') }} as waves
),

days as (
    select unnest(generate_series(first_day, last_day, interval 1 day)) as instant
    from waves
)

select
    cast(instant as date) as day_date,
    cast(extract(year from instant) as integer) as year
from days
