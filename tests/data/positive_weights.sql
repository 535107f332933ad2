{{ config(meta={'dagster': {'ref': {'name': 'stg_respondents'}}}) }}
-- A respondent without influence is a mistake in the file. The gate says so before the build; `dbt build` alone stops here.
select
    survey,
    year,
    count(*) as respondent_n
from {{ ref('stg_respondents') }}
where weight <= 0
group by survey, year
