-- Grain: one row per number printed in the reports, with what the warehouse computes for it and for the base printed beside it.
with

results as (
    select
        *,
        cast(value as double) as published_value,
        length(split_part(value, '.', 2)) as decimals
    from {{ ref('published_results') }}
),

margins as (
    select
        result_id,
        100
        * {{ margin_report("cast(split_part(answer, '/', 1) as double) / 100", "cast(group_key as double)") }}
            as computed_value
    from results
    where denominator = 'margin'
),

computed as (
    select result_id, computed_value, computed_n
    from {{ ref('int_published_values') }}
    union all
    select result_id, computed_value, null as computed_n
    from margins
),

compared as (
    select
        results.*,
        computed.computed_value,
        computed.computed_n,
        computed.computed_value - results.published_value as difference,
        -- A stated tolerance is meant for whole numbers; further printed decimals tighten it.
        {{ limit_of('print_gap', 'results.survey', 'results.year', ['results.measure', 'results.source_kind']) }}
        / power(10, results.decimals) as tolerance,
        exceptions.reason_en as exception_reason,
        waves.survey is not null as is_landed
    from results
    left join computed using (result_id)
    left join {{ ref('published_exceptions') }} as exceptions
        on results.result_id = exceptions.result_id and exceptions.concerns is distinct from 'base'
    left join {{ ref('waves') }} as waves using (survey, year)
),

judged as (
    select
        *,
        {{ is_open() }} and is_landed and denominator not in ('none', 'margin') as is_withheld,
        case
            when denominator = 'none' then 'not_computable'
            when denominator != 'margin' and not is_landed then 'not_computable'
            when is_withheld then 'not_computable'
            when abs(difference) <= tolerance + 1e-9 then 'match'
            when exception_reason is not null then 'known_inconsistency'
            else 'mismatch'
        end as status
    from compared
)

select
    result_id,
    report,
    survey,
    year,
    figure,
    item,
    measure,
    answer,
    breakdown,
    group_key,
    source_kind,
    published_value,
    case when not is_withheld then computed_value end as computed_value,
    case when not is_withheld then difference end as difference,
    tolerance,
    n as published_n,
    case when not is_withheld then cast(computed_n as bigint) end as computed_n,
    status,
    case
        when status = 'known_inconsistency' then exception_reason
        when status = 'not_computable' and denominator = 'none' then 'outside source'
        when is_withheld then 'the disclosure profile adds noise to computed values'
        when status = 'not_computable' then 'the wave has not been delivered'
        when status = 'mismatch' and computed_value is null then 'the warehouse has no value for it'
        when status = 'mismatch' then 'the computed value does not round to the printed one'
    end as reason,
    bases.base_counts,
    bases.computed_base_n,
    bases.base_difference,
    bases.base_status,
    bases.base_reason
from judged
left join {{ ref('int_published_bases') }} as bases using (result_id)
order by result_id
