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

-- The number of a test holds only in rows that are made once.
tested as materialized (
    select *, case when comparable then {{ difference_se(older, newer) }} end as se, row_number() over () as test_no
    from {{ test_of('pairs', 'change', older, newer, "case when unit = 'percent' then 100 end", reason) }}
)

select
    tested.series_type,
    case when tested.series_type = 'indicator' then tested.series end as indicator,
    tested.item,
    tested.answer,
    tested.survey,
    tested.breakdown,
    tested.group_key,
    tested.basis,
    tested.year_from,
    tested.year_to,
    tested.value_from,
    tested.value_to,
    tested.base_n_from,
    tested.base_n_to,
    tested.n_eff_from,
    tested.n_eff_to,
    tested.obs_status_all_from,
    tested.obs_status_all_to,
    tested.change,
    tested.se,
    tested.se_null,
    tested.z,
    tested.p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    -- Both margins must be known, and the value must vary.
    case
        when
            tested.comparable
            and tested.moe_report_from + tested.moe_report_to is not null
            and not coalesce(tested.is_calibrated, false)
            then abs(tested.change) > greatest(tested.moe_report_from, tested.moe_report_to)
    end as outside_margin,
    tested.comparable,
    tested.not_comparable_reason,
    tested.not_tested_reason,
    surveys.inference_scope
from tested
left join {{ bh_adjusted('tested', 'test_no', 'p_value', family) }} as adjusted using (test_no)
inner join {{ ref('surveys') }} as surveys using (survey)
