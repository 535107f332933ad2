-- Grain: one row per series (an indicator, or an answer of an item), survey, breakdown, group, basis and pair of waves:
-- neighbours, first wave of the segment to every later one, and every wave to the newest. Nothing is computed across a break.
-- A family of tests: the groups of a breakdown for a series; of whole samples all series of the survey.
{% set family = ['survey', 'series_type', 'family_series', 'basis', 'breakdown', 'year_from', 'year_to'] %}
{% set older, newer = test_side('_from'), test_side('_to') %}
{% set reason %}
case
            when not comparable then 'the series breaks between the two waves'
            when is_calibrated then {{ calibrated_reason() }}
        end
{%- endset %}
-- noqa: disable=ST03
with

pairs as (
    select
        *,
        case when breakdown != 'total' then series end as family_series,
        not_comparable_reason is null as comparable,
        case when not_comparable_reason is null then value_to - value_from end as change
    from {{ ref('int_wave_pairs') }}
),

tested as (
    select * from {{ test_of('pairs', 'change', older, newer, "case when unit = 'percent' then 100 end", reason) }}
),

ranked as (
    select *, case when comparable then {{ difference_se(older, newer) }} end as se, {{ bh_rank('p_value', family) }} as ranked_p
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
    adjusted.n_eff_from,
    adjusted.n_eff_to,
    adjusted.obs_status_all_from,
    adjusted.obs_status_all_to,
    adjusted.change,
    adjusted.se,
    adjusted.se_null,
    adjusted.z,
    adjusted.p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    -- Both margins must be known, and the value must vary.
    case
        when
            adjusted.comparable
            and adjusted.moe_report_from + adjusted.moe_report_to is not null
            and not coalesce(adjusted.is_calibrated, false)
            then abs(adjusted.change) > greatest(adjusted.moe_report_from, adjusted.moe_report_to)
    end as outside_margin,
    adjusted.comparable,
    adjusted.not_comparable_reason,
    adjusted.not_tested_reason,
    surveys.inference_scope
from adjusted
inner join {{ ref('surveys') }} as surveys using (survey)
