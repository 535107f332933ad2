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
    Mean of y in its unit: factor * sum_wy / sum_w.

    counts_answers: whether y is 1, -1 or 0 for the answers that are counted. The sums are then whole numbers of 1e-9 (a weight has
    nine places) and are divided as such, so that a share of exactly a half is a half: 100 * 92 / 160 is 57.5, for weights too.
#}
{% macro mean_in_unit(factor, sum_wy, sum_w, counts_answers) -%}
    case
        when {{ counts_answers }}
            then {{ factor }} * round(1e9 * cast({{ sum_wy }} as double)) / round(1e9 * cast({{ sum_w }} as double))
        else {{ factor }} * cast({{ sum_wy }} as double) / cast({{ sum_w }} as double)
    end
{%- endmacro %}

{# A percent as a table prints it, in whole percents: halves go up. value: SQL of the unrounded one, not negative. #}
{% macro pct_print(value) -%}
    cast(floor({{ value }} + 0.5) as integer)
{%- endmacro %}

{# Margin of error as the reports print it: two standard errors of a simple random sample of n answers. Proportions. #}
{% macro margin_report(p, n) -%}
    case when {{ p }} is not null then 2 * sqrt(greatest({{ p }} * (1 - {{ p }}), 0) / nullif({{ n }}, 0)) end
{%- endmacro %}

{# Effective sample size of a base by its weights alone. #}
{% macro n_eff_kish(sum_w, sum_w2) -%}
    ({{ sum_w }} * {{ sum_w }} / nullif({{ sum_w2 }}, 0))
{%- endmacro %}

{#
    Effective sample size of a base for one estimate: its size over the design effect, and never more than the weights alone leave
    (Kish). In a cell of few weights the design effect is chance and may be far below 1. Kish's where there is no design effect.
#}
{% macro n_eff_capped(base_n, deff, kish) -%}
    least({{ base_n }} / nullif({{ deff }}, 0), {{ kish }})
{%- endmacro %}

{# 97.5 % quantile of the normal distribution. #}
{% macro z_quantile() -%}
    1.959963984540054e0
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
    Bound of a score interval (Wilson 1927) of a proportion, or of a mean's place between the ends of its scale. side: -1 lower, 1 upper.

    place: 0 to 1. n: effective size; for a mean n * place * (1 - place) over the variance of y on a scale from 0 to 1, since it may
    vary less than a proportion. quantile: of the normal or Student's distribution. NULL where n or quantile is.
#}
{% macro score_bound(side, place, n, quantile) -%}
    {%- set u = '(' ~ quantile ~ ' * ' ~ quantile ~ ' / ' ~ n ~ ')' -%}
    {%- set end = 0 if side < 0 else 1 -%}
    case
        when {{ n }} + {{ quantile }} is null then null
        when {{ place }} = {{ end }} then {{ end }}
        else least(greatest((
            {{ place }} + {{ u }} / 2 + {{ side }} * sqrt({{ u }} * ({{ place }} * (1 - {{ place }}) + {{ u }} / 4))
        ) / (1 + {{ u }}), 0), 1)
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
    Benjamini and Hochberg's (1995) adjusted p-values, as SQL of a relation: `id` and `p_adjusted` of each row that has a p-value.

    The p-values of a family in their order; of each and all that are larger, the smallest p * m / rank. Families are short lists: to
    sort them as lists is several times as fast as two windows over rows with all their columns.
    relation: the tests. id: column that tells them apart. p: p-value, NULL where there is no test. family: list of columns.
#}
{% macro bh_adjusted(relation, id, p, family) -%}
(
    select unnest(list_transform(
        tests, lambda test, place: struct_pack({{ id }} := test.id, p_adjusted := least(1, list_min(ranked[place:])))
    ), recursive := true)
    from (
        select tests, list_transform(tests, lambda test, place: test.p * len(tests) / place) as ranked
        from (
            select list_sort(list(struct_pack(p := {{ p }}, id := {{ id }}))) as tests
            from {{ relation }}
            where {{ p }} is not null
            group by {{ family | join(', ') }}
        )
    )
)
{%- endmacro %}

{#
    What a test needs to know of a row of int_series_values, as columns: `test_n` (effective size by the weights), `test_variance`
    (square of the standard error), `test_mean` and `test_square` (mean of y and of y*y, each respondent with the square of the
    weight, as the variance counts them), `test_rounding` (variance of the rounding of a printed value).

    A computed value has its sums. A printed share with a printed base has those of a simple random sample, and is rounded to whole
    points (variance 1/12). Without a base nothing is known.
#}
{% macro test_moments() -%}
    {%- set printed = "unit = 'percent' and base_n > 0" -%}
    case when source = 'computed' then 0e0 else 1 / 12e0 end as test_rounding,
    case when source = 'computed' then {{ n_eff_kish('sum_w', 'sum_w2') }} when {{ printed }} then base_n end as test_n,
    case when source = 'computed' then se * se when {{ printed }} then value * (100 - value) / base_n end as test_variance,
    case when source = 'computed' then sum_w2y / sum_w2 else value end as test_mean,
    case when source = 'computed' then sum_w2y2 / sum_w2 else 100 * value end as test_square
{%- endmacro %}

{# The limits of a test, as columns: smallest size of a side, and smallest expected count of a share. #}
{% macro test_limits() -%}
    {{ limit_of('test_base') }} as test_base,
    {{ limit_of('sparse_expected_low') }} as test_expected
{%- endmacro %}

{#
    A relation with the test of the difference of two estimates of different people, to select from: one query inside the other,
    since DuckDB writes an alias out wherever it stands.

    The variance of the test is that under the hypothesis that both sides have one mean: the mean square of y around the pooled
    mean, over both sides by their effective sizes, divided by each side's. Unweighted it is the pooled two-sample test of shares.
    Columns: `pooled_mean`, `pooled_square`, `not_tested_reason`, `se_null`, `z`, `p_value`.

    relation: has the columns of `test_limits`. difference: SQL. a, b: sides, a mapping with SQL of base_n, n (effective), mean,
    w2_mean and w2_square (means of y and y*y by the square of the weight), variance, and more where there is any (variance on
    top, of noise or rounding). hundred: the y of a share that counts, NULL for other measures. reason: SQL of a reason of the
    model's own not to test, NULL where there is none. scale: factor from y to the difference.
#}
{% macro test_of(relation, difference, a, b, hundred, reason, scale='1') -%}
    {%- set sides = [a, b] -%}
    {%- set n = '(' ~ a.n ~ ' + ' ~ b.n ~ ')' -%}
    {%- set more = (a.more or '0e0') ~ ' + ' ~ (b.more or '0e0') -%}
    (select *, {{ p_two_sided('z') }} as p_value
    from (
        select *, ({{ difference }}) / se_null as z
        from (
            select *, case
                when not_tested_reason is null then {{ scale }} * sqrt(pooled_square * (1 / {{ a.n }} + 1 / {{ b.n }}) + {{ more }})
            end as se_null
            from (
                select *, coalesce({{ reason }}, case
                    when {{ a.variance }} is null or {{ b.variance }} is null
                        then 'one of the two values has no standard error: printed without its base, or a sample of one'
                    when least({{ a.base_n }}, {{ b.base_n }}) < test_base
                        then {{ said('fewer than {} respondents on a side', [said_number('test_base')]) }}
                    -- An effective size of 10 may come out a hair less.
                    when least({{ a.n }}, {{ b.n }}) < test_base - 1e-6
                        then {{ said('an effective size by the weights below {} on a side', [said_number('test_base')]) }}
                    when pooled_square = 0 then 'everybody on both sides gave the same answer'
                    when
                        least({{ a.n }}, {{ b.n }}) * least(pooled_mean, {{ hundred }} - pooled_mean)
                        < (test_expected - 1e-6) * {{ hundred }}
                        then {{ said(
                            'fewer than {} expected with or without the answer on a side', [said_number('test_expected')]
                        ) }}
                end) as not_tested_reason
                from (
                    select *, case
                        when raw_square > 1e-11 * ({{ a.n }} * {{ a.w2_square }} + {{ b.n }} * {{ b.w2_square }}) / {{ n }}
                            then raw_square
                        else 0 * raw_square
                    end as pooled_square
                    from (
                        select *, (
                            {%- for side in sides %}
                            {{ '+ ' if not loop.first }}{{ side.n }}
                            * ({{ side.w2_square }} - 2 * pooled_mean * {{ side.w2_mean }} + pooled_mean * pooled_mean)
                            {%- endfor %}
                        ) / {{ n }} as raw_square
                        from (
                            select *, ({{ a.n }} * {{ a.mean }} + {{ b.n }} * {{ b.mean }}) / {{ n }} as pooled_mean
                            from {{ relation }}
                        )
                    )
                )
            )
        )
    ))
{%- endmacro %}

{#
    Standard error of the difference of two estimates of different people, in the unit of y: each side with its own variance; one
    on which everybody gave the same answer with the pooled one of `test_of`, since its own is 0 and says nothing.
    NULL where a side has none: a wave of one respondent, a margin that the weights were calibrated to, a print without its base.
#}
{% macro difference_se(a, b) -%}
    sqrt(
        {%- for side in [a, b] %}
        case
            when {{ side.variance }} > 0 then {{ side.variance }}
            when {{ side.variance }} = 0 then pooled_square / {{ side.n }}
        end + {{ side.more or '0e0' }}
        {{- ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# A side of a test whose columns test_moments made; suffix: what follows their names. #}
{% macro test_side(suffix) -%}
    {{- return({
        'base_n': 'base_n' ~ suffix, 'n': 'test_n' ~ suffix, 'mean': 'value' ~ suffix, 'w2_mean': 'test_mean' ~ suffix,
        'w2_square': 'test_square' ~ suffix, 'variance': 'test_variance' ~ suffix, 'more': 'test_rounding' ~ suffix,
    }) -}}
{%- endmacro %}
