{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_composition'}}}) }}
-- The same against a table whose official figures could not be had: told, never a failure.
{{ margins_off('assumed') }}
