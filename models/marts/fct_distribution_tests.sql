-- Grain: one row per survey, single-choice item, basis and test: the distribution over the groups of a breakdown in a
-- wave (test_kind groups, year_from = year_to), or of two neighbouring waves of the whole sample (test_kind waves).
-- Pearson's chi-square, in weighted waves with Rao and Scott's (1984) second-order correction (int_rao_scott).
-- No test of an item over groups that are made of its own answers: it would ask whether the answers equal themselves.
with

cells as (
    select tables.*
    from {{ ref('int_tables') }} as tables
    anti join {{ ref('int_own_groupings') }} as own
        on tables.survey = own.survey and tables.breakdown = own.breakdown and tables.item = own.item
),

group_tests as (
    select
        survey,
        item,
        basis,
        'groups' as test_kind,
        breakdown,
        year as year_from,
        year as year_to,
        any_value(table_n) as n,
        -- Equals the sum of squared residuals over all cells, the empty ones included.
        any_value(table_n) * greatest(sum(p * p / (p_group * p_answer) order by group_key, answer) - 1, 0) as chi_square,
        cast((count(distinct group_key) - 1) * (count(distinct answer) - 1) as integer) as df,
        least(count(distinct group_key), count(distinct answer)) - 1 as smaller_side,
        bool_or(is_weighted) as is_weighted,
    from cells
    where breakdown != 'total'
    group by survey, item, basis, breakdown, year
),

wave_tests as (
    select
        survey,
        item,
        basis,
        'waves' as test_kind,
        'total' as breakdown,
        year_from,
        year_to,
        any_value(both_n) as n,
        greatest(sum(table_n * p * p / p_pooled order by year, answer) - any_value(both_n), 0) as chi_square,
        cast(count(distinct answer) - 1 as integer) as df,
        1 as smaller_side,
        any_value(is_weighted) as is_weighted,
    from {{ ref('int_wave_tables') }}
    group by survey, item, basis, year_from, year_to
),

tests as (
    select * from group_tests
    union all
    select * from wave_tests
),

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
        sqrt(tests.chi_square / tests.n / tests.smaller_side) as cramers_v,
    from tests
    left join {{ ref('int_rao_scott') }} as effects using (survey, item, basis, breakdown, year_from, year_to)
    where tests.df > 0
)

select
    corrected.survey,
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
    expected.min_expected_n,
    expected.expected_below_5_pct,
    -- Cochran's rule: no expected count below 1, and at most a fifth of them below 5.
    expected.min_expected_n < 1 or expected.expected_below_5_pct > 20 as is_sparse,
    surveys.inference_scope,
from corrected
inner join {{ ref('int_expected_counts') }} as expected using (survey, item, basis, breakdown, year_from, year_to)
inner join {{ ref('dim_survey') }} as surveys
    on corrected.survey = surveys.survey
