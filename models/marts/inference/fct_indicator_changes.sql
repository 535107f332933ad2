-- Grain: one row per series (an indicator, or an answer of an item), survey, breakdown, group, basis and pair of waves:
-- neighbours, first wave of the segment to every later one, and every wave to the newest. Nothing is computed across a break.
{% set family = ['survey', 'series', 'basis', 'breakdown', 'year_from', 'year_to'] %}
with

tested as (
    select
        *,
        not_comparable_reason is null as comparable,
        case when comparable then value_to - value_from end as change,
        case when comparable then sqrt(change_variance) end as se,
        change / nullif(se, 0) as z,
        {{ p_two_sided('z') }} as p_value
    from {{ ref('int_wave_pairs') }}
),

ranked as (
    select *, {{ bh_rank('p_value', family) }} as ranked_p
    from tested
),

adjusted as (
    select *, {{ bh_adjusted('p_value', 'ranked_p', family) }} as p_adjusted
    from ranked
)

select
    adjusted.series_type,
    case when adjusted.series_type = 'indicator' then adjusted.series end as indicator,
    adjusted.item,
    adjusted.answer,
    adjusted.survey,
    adjusted.breakdown,
    adjusted.group_key,
    adjusted.basis,
    adjusted.year_from,
    adjusted.year_to,
    adjusted.value_from,
    adjusted.value_to,
    adjusted.base_n_from,
    adjusted.base_n_to,
    adjusted.change,
    adjusted.se,
    adjusted.z,
    adjusted.p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    -- Both margins must be known.
    case
        when adjusted.comparable and adjusted.moe_from is not null and adjusted.moe_to is not null
            then abs(adjusted.change) > greatest(adjusted.moe_from, adjusted.moe_to)
    end as outside_margin,
    adjusted.comparable,
    adjusted.not_comparable_reason,
    case
        when adjusted.comparable
            then {{ not_tested_reason('adjusted.p_value', 'adjusted.variance_from', 'adjusted.variance_to') }}
        else 'the series breaks between the two waves'
    end as not_tested_reason,
    surveys.inference_scope
from adjusted
inner join {{ ref('surveys') }} as surveys using (survey)
