-- Grain: one row per indicator, survey, breakdown, group, basis and pair of waves: neighbours, first wave of the
-- segment to every later one, and every wave to the newest. Nothing is computed across a break.
{% set series = ['indicator', 'survey', 'breakdown', 'group_key', 'basis'] %}
{% set from_older = ['older.test_variance', 'older.test_n_eff', 'older.value'] %}
{% set from_newer = ['newer.test_variance', 'newer.test_n_eff', 'newer.value'] %}
with

values_by_wave as (
    select
        *,
        power({{ test_se() }}, 2) as test_variance,
        coalesce(n_eff, base_n) as test_n_eff,
        lag(year) over (partition by {{ series | join(', ') }} order by year) as previous_year,
        min(year) over (partition by {{ series | join(', ') }}, series_segment) as first_of_segment,
        max(year) over (partition by {{ series | join(', ') }}) as newest_year,
    from {{ ref('fct_indicators') }}
    where value is not null
),

pairs as (
    select {{ series | join(', ') }}, previous_year as year_from, year as year_to
    from values_by_wave
    where previous_year is not null
    union
    select {{ series | join(', ') }}, first_of_segment as year_from, year as year_to
    from values_by_wave
    where first_of_segment < year
    union
    select {{ series | join(', ') }}, year as year_from, newest_year as year_to
    from values_by_wave
    where year < newest_year
),

-- What breaks the series between two waves, in words.
breaks as (
    select
        pairs.indicator,
        pairs.survey,
        pairs.basis,
        pairs.year_from,
        pairs.year_to,
        string_agg(concat(series.year, ': ', series.break_reason), ' ' order by series.year) as not_comparable_reason,
    from (select distinct indicator, survey, basis, year_from, year_to from pairs) as pairs
    inner join {{ ref('int_series') }} as series
        on
            pairs.indicator = series.series
            and pairs.survey = series.survey
            and pairs.basis = series.basis
            and series.year > pairs.year_from
            and series.year <= pairs.year_to
    where series.is_first_of_segment
    group by all
),

paired as (
    select
        pairs.*,
        older.value as value_from,
        newer.value as value_to,
        breaks.not_comparable_reason is null as comparable,
        breaks.not_comparable_reason,
        newer.value - older.value as raw_change,
        older.test_variance as variance_from,
        newer.test_variance as variance_to,
        {{ tested_variance(from_older, from_newer) }} + {{ tested_variance(from_newer, from_older) }} as raw_variance,
        case
            when older.moe_report is not null and newer.moe_report is not null
                then greatest(older.moe_report, newer.moe_report)
        end as margin,
        newer.inference_scope,
    from pairs
    inner join values_by_wave as older
        on
            pairs.year_from = older.year
            {% for column in series %}
            and pairs.{{ column }} = older.{{ column }}
            {% endfor %}
    inner join values_by_wave as newer
        on
            pairs.year_to = newer.year
            {% for column in series %}
            and pairs.{{ column }} = newer.{{ column }}
            {% endfor %}
    left join breaks
        on
            pairs.indicator = breaks.indicator
            and pairs.survey = breaks.survey
            and pairs.basis = breaks.basis
            and pairs.year_from = breaks.year_from
            and pairs.year_to = breaks.year_to
),

{% set family = ['indicator', 'survey', 'basis', 'breakdown', 'year_from', 'year_to'] %}
tested as (
    select
        *,
        case when comparable then raw_change end as change,
        case when comparable then sqrt(raw_variance) end as se,
        case when comparable then raw_change / nullif(sqrt(raw_variance), 0) end as z,
        {{ p_two_sided('z') }} as p_value,
    from paired
),

adjusted as (
    select *, {{ bh_rank('p_value', family) }} as ranked_p
    from tested
),

signified as (
    select *, {{ bh_adjusted('p_value', 'ranked_p', family) }} as p_adjusted
    from adjusted
)

select
    indicator,
    survey,
    breakdown,
    group_key,
    basis,
    year_from,
    year_to,
    value_from,
    value_to,
    change,
    se,
    z,
    p_value,
    p_adjusted,
    {{ significance('p_adjusted') }} as significance,
    case when comparable then abs(raw_change) > margin end as outside_margin,
    comparable,
    not_comparable_reason,
    case
        when comparable then {{ not_tested_reason('p_value', 'variance_from', 'variance_to') }}
        else 'the series breaks between the two waves'
    end as not_tested_reason,
    inference_scope,
from signified
