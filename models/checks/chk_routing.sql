-- Grain: one row per item and wave with more answers outside its universe, or blanks inside it, than the limits allow; or with
-- more codes for a missing answer that contradict the universe.
with

counted as (
    select
        survey,
        year,
        item,
        count(*) filter (where in_universe) as asked_n,
        count(*) filter (where has_answer and not in_universe) as outside_n,
        count(*) filter (where state = 'no_answer') as blank_n,
        count(*) filter (where is_coded_past) as coded_past_n,
        count(*) filter (where is_coded_asked) as coded_asked_n,
        concat('raw/', survey, '_', year, '.csv') as file
    from {{ ref('int_responses') }}
    -- A derived item is computed for everybody; only its sources were asked.
    anti join {{ ref('derivations') }} using (survey, item)
    group by survey, year, item
),

judged as (
    select
        *,
        -- Of the universe, whatever the codes say.
        greatest(asked_n + coded_past_n, 1) as routed_n,
        {{ limit_of('outside_share', 'counted.survey', 'counted.year', ['counted.item']) }} as outside_limit,
        {{ limit_of('blank_share', 'counted.survey', 'counted.year', ['counted.item']) }} as blank_limit,
        100e0 * outside_n / greatest(asked_n, 1) as outside_pct,
        100e0 * blank_n / greatest(asked_n, 1) as blank_pct,
        100e0 * coded_past_n / greatest(asked_n + coded_past_n, 1) as coded_past_pct,
        100e0 * coded_asked_n / greatest(asked_n + coded_past_n, 1) as coded_asked_pct
    from counted
)

select
    'answers_outside_universe' as check_name,
    'refuse' as severity,
    survey,
    year,
    concat(file, ', item ', item) as place,
    outside_n as problem_n,
    concat(
        file, ': ', outside_n, ' respondents answered item ', item, ' although its universe routes them past it (',
        round(outside_pct, 1), ' % of the ', asked_n, ' asked; ', outside_limit,
        ' % are allowed). Correct the universe in codebook/routing.csv, or the file.'
    ) as sentence
from judged
where outside_pct > outside_limit
union all
select
    'blanks_inside_universe' as check_name,
    'refuse' as severity,
    survey,
    year,
    concat(file, ', item ', item) as place,
    blank_n as problem_n,
    concat(
        file, ': item ', item, ' is blank for ', blank_n, ' of the ', asked_n, ' respondents of its universe (',
        round(blank_pct, 1), ' %; ', blank_limit, ' % are allowed). ',
        'Correct the universe in codebook/routing.csv or the file, or add a row for the item to blank_share in ',
        'codebook/limits.csv.'
    ) as sentence
from judged
where blank_pct > blank_limit
union all
select
    {{ finding('coded_past', "concat(file, ', item ', item)", survey='survey', year='year', problem_n='coded_past_n',
        values=['file', 'item', 'coded_past_n', 'routed_n', 'round(coded_past_pct, 1)', 'outside_limit'],
        text='{}: item {} has a code that means _not_asked for {} of the {} respondents of its universe ({} %; {} % are allowed). '
        ~ 'Correct the universe in codebook/routing.csv, what the code means in codebook/code_lists.csv, or the file.') }}
from judged
where coded_past_pct > outside_limit
union all
select
    {{ finding('coded_asked', "concat(file, ', item ', item)", survey='survey', year='year', problem_n='coded_asked_n',
        values=['file', 'item', 'coded_asked_n', 'round(coded_asked_pct, 1)', 'routed_n', 'outside_limit'],
        text='{}: item {} has a code that means _no_answer, so that it was asked, for {} respondents whom its universe routes past it '
        ~ '({} % of the {} asked; {} % are allowed). Correct the universe in codebook/routing.csv, what the code means in '
        ~ 'codebook/code_lists.csv, or the file.') }}
from judged
where coded_asked_pct > outside_limit
