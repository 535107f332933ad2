-- Grain: one row per number printed in the reports, with labels, beside what the warehouse computes.
select
    results.result_id,
    results.report,
    results.survey,
    results.year,
    results.figure,
    results.item,
    coalesce(items.label_no, results.item) as item_label_no,
    coalesce(items.label_en, results.item) as item_label_en,
    results.measure,
    results.answer,
    results.breakdown,
    results.group_key,
    coalesce(groups.label_no, results.group_key) as group_label_no,
    coalesce(groups.label_en, results.group_key) as group_label_en,
    results.published_value,
    printed.unit,
    results.published_n,
    results.source_kind,
    printed.weighted = 'yes' as is_weighted,
    results.computed_value,
    results.status,
    case when results.published_value is not null then printed.note end as note
from {{ ref('fct_reconciliation') }} as results
inner join {{ ref('published_results') }} as printed
    on results.result_id = printed.result_id
left join {{ ref('dim_item') }} as items
    on results.survey = items.survey and results.item = items.item
left join {{ ref('dim_breakdown_group') }} as groups
    on
        results.survey = groups.survey
        and results.breakdown = groups.breakdown
        and results.group_key = groups.group_key
order by results.result_id
