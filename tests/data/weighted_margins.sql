{{ config(meta={'dagster': {'ref': {'name': 'fct_composition'}}}) }}
-- Weighted shares of sex, age and region equal the official population table.
{{ margins_off('official') }}
