-- Grain: one row per survey, measure, year, breakdown, group and basis that has a released base of the item: base and moments
-- of the measure's variable y (share: 1 for the answers counted; net and NPS: +1, -1 or 0; mean: the number itself). `base_n`
-- is 0, and the sums NULL, where the group answered nothing that the measure counts. `value` is the mean of y in the measure's
-- unit. Weights have a mean of 1 in every wave from here on, whatever scale they were delivered on.
-- noqa: disable=LT02
with

cells as (
    select * from {{ ref('int_released_cells') }} where conf_status != 'C'
),

summed as (
    select
        survey,
        measure,
        item,
        year,
        breakdown,
        group_key,
        basis,
        factor,
        is_proportion,
        counts_answers,
        y_low,
        y_high,
        sum(n) filter (where in_base) as base_n,
        sum(n) filter (where score > 0) as positive_n,
        sum(sum_w) filter (where in_base) as sum_w,
        sum(sum_w2) filter (where in_base) as sum_w2,
        sum(case when scores_numbers then sum_wx else score * sum_w end) as sum_wy,
        sum(case when scores_numbers then sum_wx2 else score * score * sum_w end) as sum_wy2,
        sum(case when scores_numbers then sum_w2x else score * sum_w2 end) as sum_w2y,
        sum(case when scores_numbers then sum_w2x2 else score * score * cast(sum_w2 as decimal(38, 12)) end) as sum_w2y2
    from cells
    inner join {{ ref('int_series_scores') }} as scores using (survey, item, year, answer)
    group by all
),

waves as (
    select
        survey,
        year,
        cells.n as respondents_n,
        wave_weights.mean_weight,
        {{ by_profile('wave_weights.weight_factor', '1e0') }} as weight_factor
    from cells
    inner join {{ ref('int_wave_weights') }} as wave_weights using (survey, year)
    where item = '_respondents' and breakdown = 'total'
)

select
    summed.survey,
    summed.measure,
    summed.item,
    summed.year,
    summed.breakdown,
    summed.group_key,
    summed.basis,
    summed.factor,
    summed.is_proportion,
    summed.y_low,
    summed.y_high,
    waves.respondents_n,
    waves.mean_weight,
    case
        when summed.base_n >= {{ smallest_base() }}
            then {{ mean_in_unit('summed.factor', 'summed.sum_wy', 'summed.sum_w', 'summed.counts_answers') }}
    end as value,
    {% for column in ['base_n', 'positive_n'] %}
    cast(if(summed.base_n >= {{ smallest_base() }}, coalesce(summed.{{ column }}, 0), 0) as bigint) as {{ column }},
    {% endfor %}
    {% for column in ['sum_w', 'sum_w2', 'sum_wy', 'sum_wy2', 'sum_w2y', 'sum_w2y2'] %}
    case
        when summed.base_n >= {{ smallest_base() }}
            then
                cast(coalesce(summed.{{ column }}, 0) as double)
                * {{ 'waves.weight_factor * waves.weight_factor' if 'w2' in column else 'waves.weight_factor' }}
    end as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from summed
inner join waves using (survey, year)
