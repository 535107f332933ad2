-- Grain: one row per survey, year, respondent and universe the respondent belongs to.
{{ clauses_hold(
    clauses=ref('universes'),
    keys=['universe'],
    item_column='item',
    given=ref('int_given'),
) }}
