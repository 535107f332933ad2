{#
    Profile `open`: noise by cell keys (decision 9). Profile `report` releases the cube as it is, and no model but the door knows
    of the other. Nothing below is reached in profile `report` but the words of a status.
#}

{# Whether this build is the `open` disclosure profile; the other is `report`. Anything else is refused. #}
{% macro is_open() -%}
    {%- if var('disclosure') not in ('report', 'open') -%}
        {{ exceptions.raise_compiler_error("The variable `disclosure` is '" ~ var('disclosure') ~ "'; say report or open.") }}
    {%- endif -%}
    {{- return(var('disclosure') == 'open') -}}
{%- endmacro %}

{# What `status_reason` says of a number that the profile keeps back, after its status. SQL text. #}
{% macro withheld_reason() -%}
    'Q: withheld: small base'
{%- endmacro %}

{# What is said of a group in which nobody answered. In `open` it looks like a small base: that it is empty is a count too. #}
{% macro empty_reason(reason) -%}
    {{ withheld_reason() if is_open() else "'O: " ~ reason ~ "'" }}
{%- endmacro %}

{# What is said in profile `report`, and what in `open`. #}
{% macro by_profile(report, open) -%}
    {{ open if is_open() else report }}
{%- endmacro %}

{# Smallest base of a released estimate. SQL. #}
{% macro smallest_base() -%}
    {{ limit_of('released_base') if is_open() else '1' }}
{%- endmacro %}

{# Confidentiality of a released row: F free; R, the house's own code, free with random noise. #}
{% macro released_conf_status() -%}
    {{ "'R'" if is_open() else "'F'" }}
{%- endmacro %}

{# Standard deviation of the noise of a released count of nine and more; 0 where there is none. #}
{% macro noise_sd_n() -%}
    {{ 'sqrt(2e0)' if is_open() else '0e0' }}
{%- endmacro %}

{#
    Variance of the noise of a difference that the sums do not have inside (SQL); 0 in profile `report`.

    Two released counts of variance 2 that have no people in common carry their noise in their own sums. Where one side is a
    difference itself (everybody but the group), or where the people on both sides are the same but for a few, the noise of both
    comes on top. mean: about what both sides are, a share or a net of proportions. counts: sum of 1 / (count * count).
    A mean of numbers has none: its sum is the noisy count times a mean.
#}
{% macro shared_noise(mean, is_proportion, factor, counts) -%}
    {%- if is_open() -%}
    {{ noise_sd_n() }} * {{ noise_sd_n() }} * ({{ counts }}) * case
        when {{ is_proportion }} then 1 + {{ mean }} * {{ mean }}
        when {{ factor }} > 1 then 4 + {{ mean }} * {{ mean }}
        else 0
    end
    {%- else -%}
    0e0
    {%- endif -%}
{%- endmacro %}

{# A share that is the difference of two noisy counts over another, kept between 0 and 1 (SQL). In `report` it is so. #}
{% macro within_share(share, is_proportion) -%}
    {%- if is_open() -%}
    case when {{ is_proportion }} then least(greatest({{ share }}, 0), 1) else {{ share }} end
    {%- else -%}
    {{ share }}
    {%- endif -%}
{%- endmacro %}

{#
    Record key of a row of `respondents`, 0 to 999: from the secret beside the build, so that it is the same in every refresh and cannot be
    known from the release. The secret itself stands in no SQL, log or manifest; the engine reads the file when the model runs.
#}
{% macro record_key() -%}
    {{ return(adapter.dispatch('record_key')(env_var('HELSEMONITOR_BUILD', 'build') ~ '/record_key.secret')) }}
{%- endmacro %}

{% macro default__record_key(path) -%}
    cast(('0x' || left(sha256(concat_ws(
        '|', (select content from read_text({{ literal(path) }})),
        survey, year, respondents.respondent_id
    )), 12))::bigint % 1000 as integer)
{%- endmacro %}

{% macro spark__record_key(path) -%}
    cast(cast(conv(left(sha2(concat_ws(
        '|', (select value from text.`{{ path }}`),
        survey, year, respondents.respondent_id
    ), 256), 12), 16, 10) as bigint) % 1000 as integer)
{%- endmacro %}

{#
    A part of a total in whole numbers, which add up to the total: by the parts so far, each rounded (SQL).

    total: what is shared out, a whole number, maybe negative. part: what it is shared out by, a whole number, 0 where there is no
    share. place: where the parts add up. order: a column that orders them there.
#}
{% macro shared_out(total, part, place, order) -%}
    {%- set so_far = 'sum(' ~ part ~ ') over (partition by ' ~ place ~ ' order by ' ~ order ~ ')' -%}
    {%- set whole = 'nullif(sum(' ~ part ~ ') over (partition by ' ~ place ~ '), 0)' -%}
    coalesce(
        round(({{ total }}) * {{ so_far }} / {{ whole }}) - round(({{ total }}) * ({{ so_far }} - {{ part }}) / {{ whole }}), 0
    )
{%- endmacro %}

{#
    The cells of the cube with noise: survey, year, item, answer, breakdown, group_key, basis, the sums and conf_status. Weights are
    brought to a mean of 1 before they are rounded (int_wave_weights), so that a wave on another scale loses as much and no more.

    A count and the sum of its record keys modulo 1000 look the noise up in perturbation.csv: on average 0, of variance 2, and no
    count of 1 to 4 comes out. A set of people has the same noise wherever it is counted; the whole wave has none, its size is public.
    The answers of a single-choice item are moved so that they add up to its base, and the base keeps the noise of its people.
    Every other sum is the released count times a mean, rounded after that: weights to whole ones, numbers to a tenth of the largest.
    The mean weight of fewer than ten is that of their base, or of the wave.

    Sums of squared weights carry the variance of the noise, so that every standard error behind them does: once for an answer that
    is part of its base; five times for the base of a set of options, whose noise is its own: a share p has 1 + pp times the variance
    of a count then, and 1 - 2p + 5pp stands for it.

    Where the filter of like_for_like leaves out fewer than ten, as_published stands for both, since the few could be told from the
    difference. Counts that come out as 0 have no row, as those that are 0. Small bases are withheld: conf_status C and no sums.
#}
{% macro perturbed_cells(cells, wave_weights) %}
{% set few, smallest_n = 10, 5 %}
{% set group = 'survey, year, item, breakdown, group_key' %}
{% set place = group ~ ', basis' %}
with

cells as (
    select cells.* replace (
        {% for sums in ['sum_w', 'sum_wx', 'sum_wx2'] %}
        cells.{{ sums }} * weight_factor as {{ sums }},
        {% endfor %}
        {% for sums in ['sum_w2', 'sum_w2x', 'sum_w2x2'] %}
        cells.{{ sums }} * weight_factor * weight_factor as {{ sums }}{{ ',' if not loop.last }}
        {% endfor %}
    )
    from {{ cells }} as cells
    inner join {{ wave_weights }} as wave_weights using (survey, year)
),

nearly_equal as (
    select {{ group }}, filtered.basis
    from cells as published
    inner join cells as filtered using ({{ group }}, answer)
    where
        answer = '_base'
        and published.basis = 'as_published'
        and filtered.basis = 'like_for_like'
        and published.n - filtered.n between 0 and {{ few - 1 }}
),

shown as (
    select * from cells
    anti join nearly_equal using ({{ place }})
    union all
    select cells.* replace ('like_for_like' as basis) from cells
    semi join nearly_equal using ({{ group }})
    where cells.basis = 'as_published'
),

counted as (
    select
        shown.*,
        coalesce(types.answers_add_up, false) as adds_up,
        adds_up and shown.answer not in ('_base', '_asked', '_valid') as is_part,
        coalesce(types.has_shares, false) as has_shares,
        coalesce(types.sums_to, {{ limit_of('number_high') }}) / 10 as unit,
        -- The base of a group of everybody is the group itself; the wave stands for it.
        {% for sums in ['sum_w', 'sum_w2'] %}
        case
            when shown.item = '_respondents'
                then
                    max(case when shown.n = wave_n then cast(shown.{{ sums }} as double) / shown.n end)
                        over (partition by survey, year)
            else max(case when shown.answer = '_base' then cast(shown.{{ sums }} as double) / shown.n end) over (partition by {{ place }})
        end as base_mean_{{ sums }},
        case when shown.n < {{ few }} then base_mean_{{ sums }} else cast(shown.{{ sums }} as double) / shown.n end as mean_{{ sums }}{{ ',' if not loop.last }}
        {% endfor %}
    from (select *, max(n) over (partition by survey, year) as wave_n from shown) as shown
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('item_types') }} as types using (type)
),

noised as (
    select
        counted.* exclude (n),
        counted.n as true_n,
        case when counted.n = wave_n then counted.n else least(counted.n + noises.noise, wave_n) end as noisy_n,
        case when is_part then greatest(noisy_n - {{ smallest_n }}, 0) else 0 end as spare_n,
        -- The variance in the table, on average over the counts that may be behind a released one.
        case when counted.n = wave_n or not has_shares then 0 when noisy_n < 9 then 5 else 2 end
        * case when counted.answer = '_base' and not adds_up then 5 else 1 end as noise_variance
    from counted
    inner join {{ ref('perturbation') }} as noises
        on
            least(counted.n, (select max(count_class) from {{ ref('perturbation') }})) = noises.count_class
            and counted.sum_key % 1000 between noises.cell_key_from and noises.cell_key_to
),

based as (
    select
        *,
        max(case when answer = '_base' then noisy_n end) over (partition by {{ place }}) as set_n,
        coalesce(sum(case when is_part then noisy_n end) over (partition by {{ place }}), 0) as parts_n,
        sum(spare_n) over (partition by {{ place }}) as room_n,
        case when adds_up and room_n = 0 then parts_n else greatest(set_n, parts_n - room_n) end as base_n,
        row_number() over (partition by {{ place }} order by noisy_n, answer) as place_no
    from noised
),

moved as (
    select
        *,
        case
            when answer = '_base' then base_n
            when answer = '_asked' then greatest(noisy_n, base_n)
            else least(noisy_n + {{ shared_out('base_n - parts_n', 'spare_n', place, 'place_no') }}, base_n)
        end as n,
        case when is_part then cast(1000 * n * mean_sum_w as bigint) else 0 end as part_w,
        cast(round(base_n * base_mean_sum_w) as bigint) as base_w
    from based
),

rounded as (
    select
        * exclude (sum_w, sum_w2),
        case
            when answer = '_base' then base_w
            when is_part then {{ shared_out('base_w', 'part_w', place, 'place_no') }}
            when answer = '_asked' then greatest(round(n * mean_sum_w), base_w)
            else least(round(n * mean_sum_w), base_w)
        end as sum_w,
        round(n * mean_sum_w2 + case when n > 0 then noise_variance else 0 end * mean_sum_w * mean_sum_w) as own_w2,
        case
            when answer = '_base' and adds_up then sum(case when is_part then own_w2 end) over (partition by {{ place }})
            else own_w2
        end as sum_w2,
        item = '_respondents' or base_n >= {{ limit_of('released_base') }} as is_released
    from moved
)

select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    case when is_released then cast(n as bigint) end as n,
    case when is_released then sum_w end as sum_w,
    case when is_released then sum_w2 end as sum_w2,
    {% for sums, step in [('sum_wx', 'unit'), ('sum_wx2', 'unit * unit'), ('sum_w2x', 'unit'), ('sum_w2x2', 'unit * unit')] %}
    case when is_released then {{ step }} * round(n * cast({{ sums }} as double) / true_n / ({{ step }})) end as {{ sums }},
    {% endfor %}
    case when is_released then {{ released_conf_status() }} else 'C' end as conf_status
from rounded
where n > 0 or (answer = '_base' and item != '_respondents')
{% endmacro %}
