-- Grain: one row per survey, single-choice item, basis and test: the distribution over the groups of a breakdown in a
-- wave (test_kind groups, year_from = year_to), or of two neighbouring waves of the whole sample (test_kind waves).
-- Pearson's chi-square, in weighted waves with Rao and Scott's (1984) second-order correction (int_rao_scott).
-- No test of an item over groups that are made of its own answers: it would ask whether the answers equal themselves.
with

corrected as (
    select
        tests.*,
        case when tests.is_weighted then effects.design_effect_sum / tests.df else 1 end as design_correction,
        tests.chi_square / design_correction as statistic,
        effects.df_numerator,
        effects.df_denominator,
        case
            when tests.is_weighted then effects.p_value
            else {{ p_chi_square('tests.chi_square', 'tests.df') }}
        end as p_value,
        sqrt(tests.chi_square / tests.n / tests.smaller_side) as cramers_v
    from {{ ref('int_pearson_tests') }} as tests
    left join {{ ref('int_rao_scott') }} as effects using (survey, item, basis, breakdown, year_from, year_to)
    anti join {{ ref('int_breakdown_sources') }} as sources using (survey, breakdown, item)
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
    corrected.chi_square,
    corrected.design_correction,
    corrected.statistic,
    corrected.df,
    corrected.df_numerator,
    corrected.df_denominator,
    corrected.p_value,
    {{ significance('corrected.p_value') }} as significance,
    case
        when corrected.p_value is not null then null
        when corrected.test_kind = 'waves' then 'everybody in one wave gave the same answer'
        else 'empty cells leave the design effects undefined'
    end as not_tested_reason,
    corrected.cramers_v,
    corrected.min_expected_n,
    corrected.expected_below_5_pct,
    -- Cochran's rule.
    corrected.min_expected_n < {{ limit_of('sparse_expected_low') }}
    or corrected.expected_below_5_pct > {{ limit_of('sparse_expected_share') }} as is_sparse,
    surveys.inference_scope
from corrected
inner join {{ ref('surveys') }} as surveys using (survey)
