{#
    Whether a breakdown serves an item, by what the codebook says of the breakdown: empty serves every item, `composition` none (only
    the respondents are counted by it), else a list of items with `|` between them. Both arguments are SQL.
#}
{% macro serves(serves, item) -%}
    ({{ serves }} is null or array_contains({{ split_list(serves) }}, {{ item }}))
{%- endmacro %}
