-- Grain: one row per survey, year, respondent, derived item and answer that holds.
{{ clauses_hold(
    clauses=ref('derivations'),
    keys=['item', 'answer'],
    item_column='source_item',
    given=ref('int_decoded'),
) }}
