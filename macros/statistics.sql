{#
    Arithmetic on the cube's sums. Shares are proportions (0-1) here; marts multiply by 100.
    Sources: Taylor linearisation as in svymean of R's survey (Lumley 2010, ch. 2); Wilson (1927) interval;
    Kish (1965) effective sample size; Rao and Scott (1981, 1984) correction of chi-square; Benjamini and Hochberg
    (1995). docs/statistics.md has each formula with a worked example.
#}

{#
    Variance of a weighted mean over a base that is a domain of the wave.

    n: respondents of the whole wave. sum_w: sum of weights in the base. mean: sum(w*y) / sum_w.
    sum_w2, sum_w2y, sum_w2y2: sums of w*w, w*w*y, w*w*y*y over the base. Unit: the square of y's unit.
    NULL for a wave of one respondent or an empty base. The sums of doubles leave about 1e-16 of their size behind where
    everybody gave the same answer; what is below 1e-11 of it is 0.
#}
{% macro taylor_variance(n, sum_w, mean, sum_w2, sum_w2y, sum_w2y2) -%}
    {%- set size = '(' ~ sum_w2y2 ~ ' + ' ~ mean ~ ' * ' ~ mean ~ ' * ' ~ sum_w2 ~ ')' -%}
    {%- set residuals = '(' ~ size ~ ' - 2 * ' ~ mean ~ ' * ' ~ sum_w2y ~ ')' -%}
    (
        {{ n }} / nullif({{ n }} - 1, 0)
        * case when {{ residuals }} > 1e-11 * {{ size }} then {{ residuals }} else 0 * {{ residuals }} end
        / nullif({{ sum_w }} * {{ sum_w }}, 0)
    )
{%- endmacro %}

{#
    Mean of y in its unit: factor * sum_wy / sum_w. In this order a share of exactly a half is a half (100 * 92 / 160 is 57.5, and
    100 * (92 / 160) a hair less); where everybody counts it is the factor itself, which 100 * sum / sum may miss by a hair.
#}
{% macro mean_in_unit(factor, sum_wy, sum_w) -%}
    case
        when abs({{ sum_wy }}) = {{ sum_w }} then {{ factor }} * sign({{ sum_wy }})
        else {{ factor }} * {{ sum_wy }} / {{ sum_w }}
    end
{%- endmacro %}

{# Margin of error as the reports print it: two standard errors of a simple random sample of n answers. Proportions. #}
{% macro margin_report(p, n) -%}
    case when {{ p }} is not null then 2 * sqrt(greatest({{ p }} * (1 - {{ p }}), 0) / nullif({{ n }}, 0)) end
{%- endmacro %}

{# Effective sample size of a base by its weights alone. #}
{% macro n_eff_kish(sum_w, sum_w2) -%}
    ({{ sum_w }} * {{ sum_w }} / nullif({{ sum_w2 }}, 0))
{%- endmacro %}

{# Polynomial in u with the coefficients of u to the power of 0, 1, 2 ... #}
{% macro horner(coefficients, u) -%}
    {%- set sum = namespace(text=coefficients[-1]) -%}
    {%- for coefficient in coefficients[:-1] | reverse -%}
        {%- set sum.text = '(' ~ sum.text ~ ') * ' ~ u ~ ' + ' ~ coefficient -%}
    {%- endfor -%}
    {{ sum.text }}
{%- endmacro %}

{#
    97.5 % quantile of Student's t. df: degrees of freedom, NULL below 1. Relative error below 1e-14.

    Table values up to 30; beyond, a series in 1 / df around the normal quantile, whose first terms are those of
    Abramowitz and Stegun 26.7.5, fitted with 50 digits.
#}
{% macro t_quantile(df) -%}
    {%- set series = [
        '1.9599639845400542e0', '2.3722712302985566e0', '2.8224986157584956e0', '2.5558496701046536e0',
        '1.5895358158598412e0', '0.73274003937433787e0', '0.63483724066713818e0', '-0.044422607395054984e0',
    ] -%}
    {%- set table %}
        12.7062047361747e0, 4.30265272974946e0, 3.18244630528371e0, 2.77644510519779e0, 2.57058183563631e0,
        2.44691185114498e0, 2.36462425159278e0, 2.30600413520417e0, 2.2621571627982e0, 2.22813885198627e0,
        2.20098516009164e0, 2.17881282966723e0, 2.16036865646279e0, 2.1447866879178e0, 2.13144954555978e0,
        2.11990529922125e0, 2.10981557783332e0, 2.10092204024104e0, 2.09302405440831e0, 2.08596344726586e0,
        2.07961384472768e0, 2.07387306790403e0, 2.06865761041905e0, 2.06389856162802e0, 2.0595385527533e0,
        2.05552943864287e0, 2.05183051648028e0, 2.04840714179525e0, 2.0452296421327e0, 2.04227245630124e0
    {%- endset -%}
    case
        when {{ df }} < 1 then null
        when {{ df }} <= 30 then [{{ table }}
        ][cast({{ df }} as integer)]
        else {{ horner(series, '(1e0 / ' ~ df ~ ')') }}
    end
{%- endmacro %}

{#
    Bound of a 95 % interval of a proportion. side: -1 lower, 1 upper.
    Logit interval with Student's t; Wilson's with the effective sample size where the share is 0 or 1: there its bounds
    are the share itself and z * z / (n_eff + z * z) or n_eff / (n_eff + z * z).
#}
{% macro share_bound(side, p, se, t, n_eff) -%}
    {%- set z2 = '3.841458820694124e0' -%}
    case
        when {{ n_eff }} is null then null
        when {{ p }} <= 0 then {{ '0e0' if side < 0 else z2 ~ ' / (' ~ n_eff ~ ' + ' ~ z2 ~ ')' }}
        when {{ p }} >= 1 then {{ n_eff ~ ' / (' ~ n_eff ~ ' + ' ~ z2 ~ ')' if side < 0 else '1e0' }}
        else
            1 / (1 + exp(-(ln({{ p }} / (1 - {{ p }})) + {{ side }} * {{ t }} * {{ se }} / ({{ p }} * (1 - {{ p }})))))
    end
{%- endmacro %}

{#
    erfc(x) for x >= 0, relative error below 4e-15 up to x = 8 and below 1e-13 up to x = 26.

    exp(-x*x) * t * P(2t - 1) with t = 2 / (2 + x); P is the Chebyshev expansion of the smooth rest, fitted with 50
    digits and written in powers. DuckDB has no erf.
#}
{% macro erfc(x) -%}
    {%- set coefficients = [
        '0.5107913526210115e0', '0.34358034220690531e0', '0.13973604627802749e0', '0.01822111575343888e0',
        '-0.010755330944755412e0', '-0.0032395925338361393e0', '0.0015453060300572451e0', '0.00041864803037493595e0',
        '-0.00033153676097127948e0', '-1.7185705457489634e-05', '7.2235457428937951e-05', '-1.7074558568599983e-05',
        '-1.0848610762481446e-05', '8.0610652811709833e-06', '-5.608703424323453e-07', '-1.8240871668600587e-06',
        '9.9615002610238963e-07', '4.3679948012340019e-09', '-2.7732007857270964e-07', '1.5292465340806385e-07',
        '-1.1658608593196083e-08', '-4.390206388171912e-08', '3.7320706434881306e-08', '-4.4757029906032575e-09',
        '-1.4244061512167162e-08', '6.8598288182750228e-09', '2.6449441631835325e-09', '-2.0716177810804306e-09',
        '-2.0568250908502414e-10', '2.3899735525756461e-10',
    ] -%}
    {%- set u = '(4e0 / (2e0 + ' ~ x ~ ') - 1e0)' -%}
    (exp(-({{ x }}) * ({{ x }})) * 2e0 / (2e0 + {{ x }}) * ({{ horner(coefficients, u) }}))
{%- endmacro %}

{# Two-sided p-value of a standard normal z. #}
{% macro p_two_sided(z) -%}
    {{ erfc('(abs(' ~ z ~ ') / sqrt(2e0))') }}
{%- endmacro %}

{#
    Upper tail of the chi-square distribution with a whole number of degrees of freedom (finite sums,
    Abramowitz and Stegun 26.4.4 and 26.4.5). The factor exp(-x / 2) stands inside the terms: alone it is 0 where many
    degrees of freedom need it. NULL where the statistic is.
#}
{% macro p_chi_square(x, df) -%}
    {%- set half = '(' ~ x ~ ' / 2e0)' -%}
    {%- set first = erfc('sqrt(' ~ half ~ ')') -%}
    case
        when {{ x }} <= 0 then 1e0
        when {{ x }} > 0 and {{ df }} % 2 = 0 then least(1e0, list_sum(list_transform(
            range(0, cast({{ df }} / 2 as bigint)), lambda k: exp(k * ln({{ half }}) - {{ half }} - lgamma(k + 1))
        )))
        when {{ x }} > 0 and {{ df }} > 0 then least(1e0, {{ first }} + coalesce(list_sum(list_transform(
            range(0, cast(({{ df }} - 1) / 2 as bigint)),
            lambda k: exp((k + 0.5e0) * ln({{ half }}) - {{ half }} - lgamma(k + 1.5e0))
        )), 0))
    end
{%- endmacro %}

{# Stars of the reports: ns from 0.05, s below 0.05, ss below 0.01, sss below 0.001. #}
{% macro significance(p) -%}
    case
        when {{ p }} is null then null
        when {{ p }} < 0.001 then 'sss'
        when {{ p }} < 0.01 then 'ss'
        when {{ p }} < 0.05 then 's'
        else 'ns'
    end
{%- endmacro %}

{#
    Benjamini and Hochberg's (1995) adjusted p-value within a family.

    p: p-value, NULL where there is no test. family: list of columns. Two windows: rank and size of the family, then the
    smallest p * m / rank from this p-value up. Use in a query that has computed `ranked_p` by `bh_rank`.
#}
{% macro bh_rank(p, family) -%}
    {{ p }} * count({{ p }}) over (partition by {{ family | join(', ') }})
    / row_number() over (partition by {{ family | join(', ') }} order by {{ p }} nulls last)
{%- endmacro %}

{% macro bh_adjusted(p, ranked_p, family) -%}
    case when {{ p }} is not null then least(1, min({{ ranked_p }}) over (
        partition by {{ family | join(', ') }}
        order by {{ p }} desc nulls first
        range between unbounded preceding and current row
    )) end
{%- endmacro %}

{#
    Standard error that a test of a row of fct_indicators may use, in the unit of the value.

    A computed value has its own. A printed share with a printed base gets that of a simple random sample, to which the
    uncertainty of rounding to whole points is added (variance 1/12 of a point squared); without a base there is no
    test.
#}
{% macro test_se() -%}
    case
        when source = 'computed' then se
        when unit = 'percent' and base_n > 0 then sqrt(value * (100 - value) / base_n + 1 / 12e0)
    end
{%- endmacro %}

{#
    Variance of one side of a test of two estimates.

    It is the side's own, except where everybody on the side gave the same answer: there the Taylor variance is 0, for
    a single respondent too, and a test would find everything significant. The variance is then that of both sides
    together, as under the hypothesis that they do not differ, over the side's effective size. NULL where nothing is
    known of the side. own, other: [variance of the estimate, effective size, estimate].
#}
{% macro tested_variance(own, other) -%}
    {%- set variance, n_eff, mean = own -%}
    {%- set other_variance, other_n_eff, other_mean = other -%}
    case
        when {{ variance }} > 0 then {{ variance }}
        else
            {{ other_n_eff }} / ({{ n_eff }} + {{ other_n_eff }}) / nullif({{ n_eff }}, 0) * (
                {{ other_n_eff }} * {{ other_variance }}
                + {{ n_eff }} / ({{ n_eff }} + {{ other_n_eff }}) * power({{ mean }} - {{ other_mean }}, 2)
            )
    end
{%- endmacro %}

{#
    Why a pair of estimates has no p-value, in words; NULL where it has one. variance_a, variance_b: of the two
    estimates, NULL where nothing is known of one.
#}
{% macro not_tested_reason(p, variance_a, variance_b) -%}
    case
        when {{ p }} is not null then null
        when {{ variance_a }} is null or {{ variance_b }} is null
            then 'one of the two values has no standard error: printed without its base, or a sample of one'
        else 'everybody on both sides gave the same answer'
    end
{%- endmacro %}
