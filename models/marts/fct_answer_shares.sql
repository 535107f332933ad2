-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for every answer the wave's form
-- offered.
with

cells as (
    select * from {{ ref('fct_cells') }}
),

bases as (
    select
        cells.*,
        waves.respondents_n,
    from cells
    inner join {{ ref('dim_wave') }} as waves
        on cells.survey = waves.survey and cells.year = waves.year
    inner join {{ ref('dim_item') }} as items
        on cells.survey = items.survey and cells.item = items.item
    where cells.answer = '_base' and items.type in ('single', 'multi', 'scale', 'open_coded')
),

shares as (
    select
        bases.survey,
        bases.year,
        bases.item,
        offered.answer,
        bases.breakdown,
        bases.group_key,
        bases.basis,
        bases.respondents_n,
        bases.n as base_n,
        bases.sum_w as base_w,
        bases.sum_w2 as base_w2,
        coalesce(cells.n, 0) as answer_n,
        coalesce(cells.sum_w2, 0) as answer_w2,
        coalesce(cells.sum_w, 0) / bases.sum_w as p,
        {{ n_eff_kish('bases.sum_w', 'bases.sum_w2') }} as n_eff_kish,
    from bases
    inner join {{ ref('int_item_answers') }} as offered
        on bases.survey = offered.survey and bases.year = offered.year and bases.item = offered.item
    anti join {{ ref('int_withheld_answers') }} as withheld
        on
            bases.survey = withheld.survey
            and bases.year = withheld.year
            and bases.item = withheld.item
            and offered.answer = withheld.answer
    left join cells
        on
            bases.survey = cells.survey
            and bases.year = cells.year
            and bases.item = cells.item
            and offered.answer = cells.answer
            and bases.breakdown = cells.breakdown
            and bases.group_key = cells.group_key
            and bases.basis = cells.basis
),

estimated as (
    select
        *,
        sqrt({{ taylor_variance('respondents_n', 'base_w', 'p', 'base_w2', 'answer_w2', 'answer_w2') }}) as se,
        {{ t_quantile('(base_n - 1)') }} as t,
    from shares
),

bounded as (
    select
        *,
        coalesce(p * (1 - p) / nullif(se * se, 0), n_eff_kish) as n_eff,
        {{ share_bound(-1, 'p', 'se', 't', 'n_eff_kish') }} as ci_low,
        {{ share_bound(1, 'p', 'se', 't', 'n_eff_kish') }} as ci_high,
        {{ margin_report('p', 'base_n') }} as moe_report,
    from estimated
),

-- Every place of a series: values, and the gaps of the answers the wave's form offered.
places as (
    select *, null as gap_status, null as status_reason
    from bounded
    union all by name
    select
        survey,
        year,
        item,
        answer,
        breakdown,
        group_key,
        basis,
        gap_status,
        status_reason,
    from {{ ref('int_answer_gaps') }}
),

flagged as (
    select
        places.*,
        {{ obs_status_all({
            'B': 'series.is_first_of_segment',
            'M': "places.gap_status = 'M'",
            'L': "places.gap_status = 'L'",
            'Q': "places.gap_status = 'Q'",
            'S': 'events.year is not null',
            'D': 'series.definition_differs',
            'U': 'places.base_n < 50',
        }) }} as obs_status_all,
    from places
    left join {{ ref('int_series') }} as series
        on
            places.survey = series.survey
            and concat('item:', places.item) = series.series
            and places.year = series.year
            and places.basis = series.basis
    left join {{ ref('int_events') }} as events
        on
            places.survey = events.survey
            and places.year = events.year
            and places.breakdown = events.breakdown
            and places.group_key = events.group_key
)

select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    base_n,
    base_w as base_weighted,
    answer_n,
    100 * p as share_pct,
    100 * se as se_pp,
    100 * ci_low as ci_low_pct,
    100 * ci_high as ci_high_pct,
    100 * moe_report as moe_report_pp,
    n_eff,
    left(obs_status_all, 1) as obs_status,
    obs_status_all,
    status_reason,
    case when contains(obs_status_all, 'Q') then 'C' else 'F' end as conf_status,
from flagged
