-- Grain: one row per survey, measure, year, breakdown, group and basis that has a released base of the item: base and moments
-- of the measure's variable y (share: 1 for the answers counted; net and NPS: +1, -1 or 0; mean: the number itself). `base_n`
-- is 0, and the sums NULL, where the group answered nothing that the measure counts. `value` is the mean of y in the measure's
-- unit. Weights have a mean of 1 in every wave from here on, whatever scale they were delivered on.
-- noqa: disable=LT02
with

scores as (
    select * from {{ ref('int_series_scores') }}
),

-- Most scores are 1. Only where one is not, or is the number that was given, something has to be multiplied.
summed as (
    select
        measure_no,
        breakdown,
        group_key,
        basis,
        sum(n) filter (where in_base) as base_n,
        sum(n) filter (where score > 0) as positive_n,
        sum(sum_w) filter (where in_base) as sum_w,
        sum(sum_w2) filter (where in_base) as sum_w2,
        {% for moment, sums, scored, numbers in [
            ('sum_wy', 'sum_w', 'score * sum_w', 'sum_wx'),
            ('sum_wy2', 'sum_w', 'score * score * sum_w', 'sum_wx2'),
            ('sum_w2y', 'sum_w2', 'score * sum_w2', 'sum_w2x'),
            ('sum_w2y2', 'sum_w2', 'score * score * cast(sum_w2 as decimal(38, 12))', 'sum_w2x2'),
        ] %}
        {% set ones = 'coalesce(sum(' ~ sums ~ ') filter (where score = 1 and not scores_numbers), 0)' %}
        {% set others = 'sum(case when scores_numbers then ' ~ numbers ~ ' when score not in (0, 1) then ' ~ scored ~ ' end)' %}
        case
            when {{ others }} is null then cast({{ ones }} as double)
            else cast(cast({{ ones }} as decimal(38, 12)) + {{ others }} as double)
        end as {{ moment }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_released_cells') }}
    inner join scores using (survey, item, year, answer)
    where conf_status != 'C'
    group by measure_no, breakdown, group_key, basis
),

measures as (
    select distinct measure_no, survey, measure, item, year, factor, is_proportion, counts_answers, y_low, y_high
    from scores
),

waves as (
    select
        survey,
        year,
        cells.n as respondents_n,
        wave_weights.mean_weight,
        wave_weights.weight_note,
        {{ by_profile('wave_weights.weight_factor', '1e0') }} as weight_factor
    from {{ ref('int_released_cells') }} as cells
    inner join {{ ref('int_wave_weights') }} as wave_weights using (survey, year)
    where cells.item = '_respondents' and cells.breakdown = 'total' and cells.conf_status != 'C'
)

select
    measure_no,
    measures.survey,
    measures.measure,
    measures.item,
    measures.year,
    summed.breakdown,
    summed.group_key,
    summed.basis,
    measures.factor,
    measures.is_proportion,
    measures.y_low,
    measures.y_high,
    waves.respondents_n,
    waves.mean_weight,
    waves.weight_note,
    case
        when summed.base_n >= {{ smallest_base() }}
            then {{ mean_in_unit('measures.factor', 'summed.sum_wy', 'summed.sum_w', 'measures.counts_answers') }}
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
inner join measures using (measure_no)
inner join waves using (survey, year)
