-- Grain: one row per fault that stops the build, each with a sentence that says what to mend. Must be empty.
with

problems as (
    select * from {{ ref('stg_problems_columns') }}
    union all
    select * from {{ ref('stg_problems_codes') }}
    union all
    select * from {{ ref('stg_problems_codebook') }}
    union all
    select * from {{ ref('stg_problems_changes') }}
    union all
    select * from {{ ref('stg_problems_labels') }}
    union all
    select * from {{ ref('stg_problems_published') }}
    union all
    select * from {{ ref('stg_problems_routes') }}
    union all
    select * from {{ ref('stg_problems_usage') }}
)

select
    check_name,
    'refuse' as severity,
    survey,
    cast(year as integer) as year,
    column_name,
    code,
    cast(problem_n as bigint) as problem_n,
    sentence,
from problems
order by all
