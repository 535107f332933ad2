{#
    Arithmetic on the cube's sums. Shares are proportions (0-1) here; marts multiply by 100.
    Sources: Taylor linearisation as in svymean of R's survey (Lumley 2010, ch. 2); Wilson (1927) interval;
    Kish (1965) effective sample size; Student quantile by Abramowitz and Stegun 26.7.5.
#}

{#
    Variance of a weighted mean over a base that is a domain of the wave.

    n: respondents of the whole wave. sum_w: sum of weights in the base. mean: sum(w*y) / sum_w.
    sum_w2, sum_w2y, sum_w2y2: sums of w*w, w*w*y, w*w*y*y over the base. Unit: the square of y's unit.
    NULL for a wave of one respondent or an empty base.
#}
{% macro taylor_variance(n, sum_w, mean, sum_w2, sum_w2y, sum_w2y2) -%}
    (
        {{ n }} / nullif({{ n }} - 1, 0)
        * greatest({{ sum_w2y2 }} - 2 * {{ mean }} * {{ sum_w2y }} + {{ mean }} * {{ mean }} * {{ sum_w2 }}, 0)
        / nullif({{ sum_w }} * {{ sum_w }}, 0)
    )
{%- endmacro %}

{# Margin of error as the reports print it: two standard errors of a simple random sample of n answers. Proportions. #}
{% macro margin_report(p, n) -%}
    (2 * sqrt(greatest({{ p }} * (1 - {{ p }}), 0) / nullif({{ n }}, 0)))
{%- endmacro %}

{# Effective sample size of a base by its weights alone. #}
{% macro n_eff_kish(sum_w, sum_w2) -%}
    ({{ sum_w }} * {{ sum_w }} / nullif({{ sum_w2 }}, 0))
{%- endmacro %}

{#
    97.5 % quantile of Student's t. df: degrees of freedom, NULL below 1.
    Table values up to 30, the expansion of Abramowitz and Stegun 26.7.5 beyond (error below 1e-7).
#}
{% macro t_quantile(df) -%}
    {%- set z = '1.959963984540054e0' -%}
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
        else
            {{ z }}
            + (power({{ z }}, 3) + {{ z }}) / (4e0 * {{ df }})
            + (5 * power({{ z }}, 5) + 16 * power({{ z }}, 3) + 3 * {{ z }}) / (96e0 * power({{ df }}, 2))
            + (3 * power({{ z }}, 7) + 19 * power({{ z }}, 5) + 17 * power({{ z }}, 3) - 15 * {{ z }})
            / (384e0 * power({{ df }}, 3))
            + (
                79 * power({{ z }}, 9) + 776 * power({{ z }}, 7) + 1482 * power({{ z }}, 5)
                - 1920 * power({{ z }}, 3) - 945 * {{ z }}
            ) / (92160e0 * power({{ df }}, 4))
    end
{%- endmacro %}

{#
    Bound of a 95 % interval of a proportion. side: -1 lower, 1 upper.
    Logit interval with Student's t; Wilson's with the effective sample size where the share is 0 or 1.
#}
{% macro share_bound(side, p, se, t, n_eff) -%}
    case
        when {{ p }} <= 0 or {{ p }} >= 1 then
            ({{ p }} + 3.841458820694124e0 / (2 * {{ n_eff }})
            + {{ side }} * 1.959963984540054e0 * sqrt(
                greatest({{ p }} * (1 - {{ p }}), 0) / {{ n_eff }} + 3.841458820694124e0 / (4 * {{ n_eff }} * {{ n_eff }})
            )) / (1 + 3.841458820694124e0 / {{ n_eff }})
        else
            1 / (1 + exp(-(ln({{ p }} / (1 - {{ p }})) + {{ side }} * {{ t }} * {{ se }} / ({{ p }} * (1 - {{ p }})))))
    end
{%- endmacro %}
