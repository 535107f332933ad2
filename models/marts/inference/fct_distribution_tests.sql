-- Grain: one row per survey, single-choice item, basis and test: the distribution over the groups of a breakdown in a
-- wave (test_kind groups, year_from = year_to), or of two neighbouring waves of the whole sample (test_kind waves).
-- Pearson's chi-square, in weighted waves with Rao and Scott's (1984) second-order correction (int_rao_scott).
-- No test of an item over groups that are made of its own answers: it would ask whether the answers equal themselves.
-- A family of tests: the items of a survey over one breakdown in one wave, or between two waves; sparse tables say nothing.
{% set family = ['survey', 'basis', 'test_kind', 'breakdown', 'year_from', 'year_to'] %}
with

calibrated as (
    select survey, item, year
    from {{ ref('int_series_values') }}
    where series_type = 'answer' and breakdown = 'total' and value is not null
    group by survey, item, year
    having bool_and(is_calibrated)
),

-- The number of a test holds only in rows that are made once.
corrected as materialized (
    select
        tests.*,
        row_number() over () as test_no,
        case when tests.is_weighted then effects.design_effect_sum / tests.df else 1 end as design_correction,
        tests.chi_square / design_correction as statistic,
        effects.df_numerator,
        effects.df_denominator,
        test_limits.test_base,
        least(tests.smallest_n, tests.smallest_k + 1e-6) < test_limits.test_base as is_small,
        tests.test_kind = 'waves' and (older.item is not null or newer.item is not null) as is_calibrated,
        case
            when is_calibrated or is_small then null
            when tests.is_weighted then effects.p_value
            else {{ p_chi_square('tests.chi_square', 'tests.df') }}
        end as p_of_table,
        case when not tests.is_sparse then p_of_table end as told_p,
        sqrt(tests.chi_square / tests.n / tests.smaller_side) as cramers_v
    from {{ ref('int_pearson_tests') }} as tests
    cross join (select {{ limit_of('test_base') }} as test_base) as test_limits
    left join {{ ref('int_rao_scott') }} as effects using (survey, item, basis, breakdown, year_from, year_to)
    left join calibrated as older on tests.survey = older.survey and tests.item = older.item and tests.year_from = older.year
    left join calibrated as newer on tests.survey = newer.survey and tests.item = newer.item and tests.year_to = newer.year
    anti join {{ ref('int_breakdown_sources') }} as sources
        on tests.survey = sources.survey and tests.breakdown = sources.breakdown and tests.item = sources.item
)

select
    survey,
    corrected.item,
    corrected.basis,
    corrected.test_kind,
    corrected.breakdown,
    corrected.year_from,
    corrected.year_to,
    cast(corrected.n as bigint) as n,
    cast(corrected.left_out_n as bigint) as left_out_n,
    corrected.chi_square,
    corrected.design_correction,
    corrected.statistic,
    corrected.df,
    corrected.df_numerator,
    corrected.df_denominator,
    corrected.p_of_table as p_value,
    adjusted.p_adjusted,
    {{ significance('adjusted.p_adjusted') }} as significance,
    case
        when corrected.p_of_table is not null then null
        when corrected.is_calibrated then {{ calibrated_reason() }}
        when corrected.is_small
            then {{ said(
                '{} below {} in a {}',
                [
                    "if(corrected.smallest_n < corrected.test_base, 'a number of respondents', 'an effective size by the weights')",
                    said_number('corrected.test_base'), "if(corrected.test_kind = 'waves', 'wave', 'group')",
                ]
            ) }}
        when corrected.test_kind = 'waves' then 'everybody in one wave gave the same answer'
        else 'empty cells leave the design effects undefined'
    end as not_tested_reason,
    corrected.cramers_v,
    corrected.min_expected_n,
    corrected.expected_below_5_pct,
    corrected.is_sparse,
    surveys.inference_scope
from corrected
left join {{ bh_adjusted('corrected', 'test_no', 'told_p', family) }} as adjusted using (test_no)
inner join {{ ref('surveys') }} as surveys using (survey)
