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
    Record key of a respondent, 0 to 999: from the secret beside the build, so that it is the same in every refresh and cannot be
    known from the release. The secret itself stands in no SQL, log or manifest; DuckDB reads the file when the model runs.
#}
{% macro record_key(respondent) -%}
    {%- set path = env_var('HELSEMONITOR_BUILD', 'build') ~ '/record_key.secret' -%}
    cast(('0x' || left(sha256(concat_ws(
        '|', (select content from read_text('{{ path | replace("'", "''") }}')),
        {{ respondent }}.survey, {{ respondent }}.year, {{ respondent }}.respondent_id
    )), 12))::bigint % 1000 as integer)
{%- endmacro %}

{#
    The cells of the cube with noise: survey, year, item, answer, breakdown, group_key, basis, the sums and conf_status.

    A count and the sum of its record keys modulo 1000 look the noise up in perturbation.csv: on average 0, of variance 2, and no
    count of 1 to 4 comes out. The same people have the same noise in whatever table. A sum of weights is the released count
    times the mean weight, in whole weights; of fewer than ten people it is the mean of their base. Sums of squared weights carry
    the variance of the noise, so that every standard error behind them does. The answers of a single-choice item add up to its base.
    The number of respondents of a wave is public and exact. Bases below 30 are withheld: a row with conf_status C and no sums.
#}
{% macro perturbed_cells(cells) %}
{% set keys = ['survey', 'year', 'item', 'breakdown', 'group_key', 'basis'] | join(', ') %}
{% set few = 10 %}
with

counted as (
    select
        cells.*,
        coalesce(types.answers_add_up, false) as adds_up,
        coalesce(types.sums_to, {{ limit_of('number_high') }}) as largest_number,
        cells.answer in ('_base', '_asked', '_valid') as is_pseudo,
        cells.item = '_respondents' as is_everybody,
        cast(cells.sum_w as double) / cells.n as mean_w,
        cast(cells.sum_w2 as double) / cells.n as mean_w2,
        max(case when cells.answer = '_base' then mean_w end) over (partition by {{ keys }}) as base_mean_w,
        max(case when cells.answer = '_base' then mean_w2 end) over (partition by {{ keys }}) as base_mean_w2
    from {{ cells }} as cells
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('item_types') }} as types using (type)
),

noised as (
    select
        counted.* exclude (n, mean_w, mean_w2),
        counted.n as true_n,
        case
            when counted.is_everybody and counted.breakdown = 'total' then counted.n
            else counted.n + noises.noise
        end as n,
        case when counted.n < {{ few }} then counted.base_mean_w else counted.mean_w end as mean_w,
        case when counted.n < {{ few }} then counted.base_mean_w2 else counted.mean_w2 end as mean_w2,
        -- The variance in the table, on average over the counts that may be behind a released one.
        case when counted.n + noises.noise < 9 then 5 else 2 end as noise_variance
    from counted
    inner join {{ ref('perturbation') }} as noises
        on
            least(counted.n, (select max(count_class) from {{ ref('perturbation') }})) = noises.count_class
            and counted.sum_key % 1000 between noises.cell_key_from and noises.cell_key_to
),

summed as (
    select
        * exclude (sum_w, sum_w2, sum_wx, sum_wx2, sum_w2x, sum_w2x2),
        round(n * mean_w) as sum_w,
        round(n * mean_w2) + noise_variance * mean_w * mean_w as sum_w2,
        {% for column, power in [('sum_wx', 1), ('sum_wx2', 2), ('sum_w2x', 1), ('sum_w2x2', 2)] %}
        round(n * cast({{ column }} as double) / true_n / power(largest_number, {{ power }}), 0)
        * power(largest_number, {{ power }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from noised
),

-- The answers that exclude each other make their base, so their shares add up to 100.
bases as (
    select
        {{ keys }},
        {% for column in ['n', 'sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from summed
    where case when adds_up then not is_pseudo else answer = '_base' end
    group by {{ keys }}
),

fitted as (
    select
        summed.survey,
        summed.year,
        summed.item,
        summed.answer,
        summed.breakdown,
        summed.group_key,
        summed.basis,
        summed.is_everybody,
        bases.n as base_n,
        {% for column in ['n', 'sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] %}
        case
            when summed.is_everybody then summed.{{ column }}
            when summed.answer = '_base' then bases.{{ column }}
            when summed.answer = '_asked' then greatest(summed.{{ column }}, bases.{{ column }})
            else least(summed.{{ column }}, bases.{{ column }})
        end as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from summed
    inner join bases using ({{ keys }})
)

select
    survey,
    year,
    item,
    answer,
    breakdown,
    group_key,
    basis,
    case when is_everybody or base_n >= {{ limit_of('released_base') }} then cast(n as bigint) end as n,
    {% for column in ['sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] %}
    case when is_everybody or base_n >= {{ limit_of('released_base') }} then {{ column }} end as {{ column }},
    {% endfor %}
    case when is_everybody or base_n >= {{ limit_of('released_base') }} then {{ released_conf_status() }} else 'C' end as conf_status
from fitted
where n > 0 or answer = '_base'
{% endmacro %}
