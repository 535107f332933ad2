{#
    SDMX observation status (CL_OBS_STATUS) from named boolean conditions.
    `flags` maps a status code to its condition. Returns the list, in the house order of precedence, joined by `|`;
    A where none holds.
#}
{% macro obs_status_all(flags) -%}
    {%- set order = ['B', 'O', 'M', 'L', 'Q', 'S', 'D', 'U'] -%}
    coalesce(nullif(concat_ws('|',
        {%- for status in order if status in flags %}
        case when {{ flags[status] }} then '{{ status }}' end{{ ',' if not loop.last }}
        {%- endfor %}
    ), ''), 'A')
{%- endmacro %}

{#
    Why an estimate is of low reliability (status U), in words; NULL where it is not. SQL text.

    By the reports' small base, and by the presentation standard of the United States' National Center for Health Statistics for
    proportions (Parker and others 2017): the effective size, the width of the interval, and its width against the value unless it is
    narrow. A width is taken in percent of the scale of the measure, so that nets and points are judged as shares are; a measure that
    may be negative has no relative width. estimates: relation of the rows, with base_n, n_eff, ci_low, ci_high, value, scale_low and
    scale_high.
#}
{% macro unreliable_reason(estimates) -%}
    {%- set width = '(' ~ estimates ~ '.ci_high - ' ~ estimates ~ '.ci_low)' -%}
    {%- set on_scale = '100 * ' ~ width ~ ' / nullif(' ~ estimates ~ '.scale_high - ' ~ estimates ~ '.scale_low, 0)' -%}
    nullif(concat_ws('; ',
        case when {{ estimates }}.base_n < {{ limit_of('small_base') }} then {{ said(
            'a base of {}, under {}', [estimates ~ '.base_n', said_number(limit_of('small_base'))]
        ) }} end,
        case when round({{ estimates }}.n_eff, 1) < {{ limit_of('small_n_eff') }} then {{ said(
            'an effective size of {}, under {}',
            ['round(' ~ estimates ~ '.n_eff, 1)', said_number(limit_of('small_n_eff'))]
        ) }} end,
        case
            when {{ on_scale }} >= {{ limit_of('wide_interval') }} then {{ said(
                'an interval of {} % of the scale, {} or more',
                ['round(' ~ on_scale ~ ', 1)', said_number(limit_of('wide_interval'))]
            ) }}
            when
                coalesce({{ on_scale }} > {{ limit_of('narrow_interval') }}, true)
                and coalesce({{ estimates }}.scale_low, 0) >= 0
                and 100 * {{ width }} > {{ limit_of('wide_relative') }} * abs({{ estimates }}.value)
                then {{ said(
                    'an interval wider than {} % of the value', [said_number(limit_of('wide_relative'))]
                ) }}
        end
    ), '')
{%- endmacro %}

{# What is said of a margin that the weights were calibrated to. SQL text. #}
{% macro calibrated_reason() -%}
    'no standard error: the weights were calibrated to this margin'
{%- endmacro %}
