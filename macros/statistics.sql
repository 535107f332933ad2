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

{# Margin of error as the reports print it: two standard errors of a simple random sample of n answers. Proportion in and out. #}
{% macro margin_report(p, n) -%}
    (2 * sqrt(greatest({{ p }} * (1 - {{ p }}), 0) / nullif({{ n }}, 0)))
{%- endmacro %}

{# Effective sample size of a base by its weights alone. #}
{% macro n_eff_kish(sum_w, sum_w2) -%}
    ({{ sum_w }} * {{ sum_w }} / nullif({{ sum_w2 }}, 0))
{%- endmacro %}

{# 97.5 % quantile of Student's t. Exact for 1 and 2 degrees of freedom; error below 1e-6 from 20 degrees of freedom on. #}
{% macro t_quantile(df) -%}
    {%- set z = '1.959963984540054e0' -%}
    case
        when {{ df }} < 1 then null
        when {{ df }} = 1 then 12.706204736174698
        when {{ df }} = 2 then 4.302652729749464
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
