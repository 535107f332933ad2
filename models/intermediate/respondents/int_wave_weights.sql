-- Grain: one row per survey and year: the scale of the weights that the wave delivered, and what sets it apart from the other
-- waves of its survey. `weight_factor` brings a sum of the cube's weights to weights with a mean of 1; `mean_weight` brings that
-- back to the delivered scale.
-- noqa: disable=LT02
with

sums as (
    select
        survey,
        year,
        count(*) as respondents_n,
        cast(sum(weight) as double) as sum_w,
        cast(sum(weight * weight) as double) as sum_w2,
        any_value(weight_exponent) as weight_exponent
    from {{ ref('stg_respondents') }}
    group by survey, year
),

scales as (
    select
        sums.survey,
        sums.year,
        respondents_n / nullif(sums.sum_w, 0) as weight_factor,
        sums.sum_w / respondents_n * pow(10e0, -sums.weight_exponent) as mean_weight,
        respondents_n * sums.sum_w2 / nullif(sums.sum_w * sums.sum_w, 0) as deff_kish,
        waves.weight_column is not null as is_weighted,
        {{ limit_of('weight_scale', 'waves.survey', 'waves.year') }} as scale_limit,
        {{ limit_of('weight_deff', 'waves.survey', 'waves.year') }} as deff_limit,
        lag(sums.year) over (partition by sums.survey order by sums.year) as previous_year,
        lag(waves.weight_column is not null) over (partition by sums.survey order by sums.year) as previous_is_weighted
    from sums
    inner join {{ ref('waves') }} as waves on sums.survey = waves.survey and sums.year = waves.year
),

-- How many of the other weighted waves are like this one, and whether the one before is.
likeness as (
    select
        own.survey,
        own.year,
        count(*) as other_n,
        {% for name, column in [('scale', 'mean_weight'), ('deff', 'deff_kish')] %}
        {% set ratio = 'greatest(own.' ~ column ~ ' / other.' ~ column ~ ', other.' ~ column ~ ' / own.' ~ column ~ ')' %}
        count(*) filter (where {{ ratio }} <= own.{{ name }}_limit) as alike_{{ name }}_n,
        max_by({{ ratio }} <= own.{{ name }}_limit, other.year) filter (where other.year < own.year) as previous_alike_{{ name }},
        max_by(other.{{ column }}, {{ ratio }}) as other_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from scales as own
    inner join scales as other
        on own.survey = other.survey and own.year != other.year and other.is_weighted
    where own.is_weighted
    group by own.survey, own.year
),

judged as (
    select
        scales.*,
        likeness.other_mean_weight,
        likeness.other_deff_kish,
        -- Unlike most other waves (of the design effect, half of them): where a change begins, or in the first
        -- wave where no other is like it.
        {% for name, few in [('scale', '<'), ('deff', '<=')] %}
        2 * alike_{{ name }}_n {{ few }} other_n
        and not coalesce(previous_alike_{{ name }}, alike_{{ name }}_n > 0 or other_n = 1)
            as is_other_{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from scales
    left join likeness on scales.survey = likeness.survey and scales.year = likeness.year
)

select
    survey,
    year,
    weight_factor,
    mean_weight,
    nullif(concat_ws(
        '; ',
        case
            when is_weighted and not previous_is_weighted then concat('weighted, where wave ', previous_year, ' is not')
            when not is_weighted and previous_is_weighted then concat('unweighted, where wave ', previous_year, ' is weighted')
        end,
        case when is_other_scale then {{ said(
            'weights with a mean of {}, where another wave has {}',
            [number_in_words('mean_weight', 4), number_in_words('other_mean_weight', 4)]
        ) }} end,
        case when is_other_deff then {{ said(
            'weights with a design effect of {}, where another wave has {}', ['round(deff_kish, 2)', 'round(other_deff_kish, 2)']
        ) }} end
    ), '') as weight_note
from judged
