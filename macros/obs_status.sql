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
