-- Grain: one row per item and wave with more answers outside its universe, or blanks inside it, than the codebook allows.
with

counted as (
    select
        survey,
        year,
        item,
        count(*) filter (where in_universe) as asked_n,
        count(*) filter (where has_answer and not in_universe) as outside_n,
        count(*) filter (where state = 'no_answer') as blank_n,
    from {{ ref('int_responses') }}
    group by survey, year, item
),

limits as (
    select
        items.survey,
        items.item,
        surveys.outside_tolerance_pct,
        coalesce(items.blank_tolerance_pct, surveys.blank_tolerance_pct) as blank_tolerance_pct,
    from {{ ref('items') }} as items
    inner join {{ ref('surveys') }} as surveys
        on items.survey = surveys.survey
    -- A derived item is computed for everybody; only its sources were asked.
    anti join {{ ref('derivations') }} as derivations
        on items.survey = derivations.survey and items.item = derivations.item
),

judged as (
    select
        counted.*,
        limits.outside_tolerance_pct,
        limits.blank_tolerance_pct,
        100.0 * counted.outside_n / greatest(counted.asked_n, 1) as outside_pct,
        100.0 * counted.blank_n / greatest(counted.asked_n, 1) as blank_pct,
    from counted
    inner join limits
        on counted.survey = limits.survey and counted.item = limits.item
)

select
    'answers_outside_universe' as check_name,
    survey,
    year,
    item,
    outside_n as problem_n,
    concat(
        'raw/', survey, '_', year, '.csv: ', outside_n, ' respondents answered item ', item,
        ' although its universe routes them past it (', round(outside_pct, 1), ' % of the ', asked_n,
        ' asked; ', outside_tolerance_pct, ' % are allowed). Correct the universe in codebook/routing.csv, or the file.'
    ) as sentence,
from judged
where outside_pct > outside_tolerance_pct
union all
select
    'blanks_inside_universe' as check_name,
    survey,
    year,
    item,
    blank_n as problem_n,
    concat(
        'raw/', survey, '_', year, '.csv: item ', item, ' is blank for ', blank_n, ' of the ', asked_n,
        ' respondents of its universe (', round(blank_pct, 1), ' %; ', blank_tolerance_pct,
        ' % are allowed). Correct the universe in codebook/routing.csv or the file, or raise the item''s tolerance.'
    ) as sentence,
from judged
where blank_pct > blank_tolerance_pct
