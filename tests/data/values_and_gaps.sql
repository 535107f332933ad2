{{ config(meta={'dagster': {'ref': {'name': 'fct_indicators'}}}) }}
-- A row has a value exactly where its status does not say that there is none.
with

places as (
    select 'fct_indicators' as mart, indicator as series, survey, year, obs_status_all, value
    from {{ ref('fct_indicators') }}
    union all
    select 'fct_answer_shares' as mart, item as series, survey, year, obs_status_all, share_pct as value
    from {{ ref('fct_answer_shares') }}
)

select
    mart,
    survey,
    series,
    year,
    count(*) as row_n
from places
where (value is null) != regexp_matches(obs_status_all, '[LMOQ]')
group by all
