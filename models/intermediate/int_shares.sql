-- Grain: one row per survey, year, item, answer, breakdown, group and basis that has a share, for every answer the wave's
-- form offered: the share as a proportion, with its standard error and bounds.
with

cells as (
    select
        * exclude (sum_w, sum_w2),
        cast(sum_w as double) as sum_w,
        cast(sum_w2 as double) as sum_w2,
    from {{ ref('int_released_cells') }}
),

bases as (
    select
        cells.*,
        waves.respondents_n,
    from cells
    inner join {{ ref('int_wave_weights') }} as waves
        on cells.survey = waves.survey and cells.year = waves.year
    inner join {{ ref('items') }} as items
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
)

select
    *,
    coalesce(p * (1 - p) / nullif(se * se, 0), n_eff_kish) as n_eff,
    se * se / nullif(p * (1 - p) / base_n, 0) as deff,
    {{ share_bound(-1, 'p', 'se', 't', 'n_eff_kish') }} as ci_low,
    {{ share_bound(1, 'p', 'se', 't', 'n_eff_kish') }} as ci_high,
    {{ margin_report('p', 'base_n') }} as moe_report,
from estimated
