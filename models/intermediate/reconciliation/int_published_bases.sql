-- Grain: one row per base printed beside a number, with what the warehouse counts for it: the base of the number, or whom the
-- print counts instead (`base_counts`): everybody asked the item, or everybody in the group.
with

results as (
    select * from {{ ref('published_results') }} where n is not null
),

cells as (
    select * from {{ ref('int_published_cells') }} where answer = '_asked'
),

others as (
    select reads.result_id, max(cells.n) as n
    from {{ ref('int_published_reads') }} as reads
    inner join results using (result_id, survey, year)
    inner join cells
        on
            reads.survey = cells.survey
            and reads.year = cells.year
            and case results.base_counts when 'group' then 'respondents' else reads.item end = cells.item
            and results.breakdown = cells.breakdown
            and results.group_key = cells.group_key
    where results.base_counts is not null
    group by reads.result_id
),

counted as (
    select
        results.result_id,
        results.denominator,
        coalesce(results.base_counts, results.denominator) as base_counts,
        cast(if(results.base_counts is null, numbers.computed_n, others.n) as bigint) as computed_base_n,
        computed_base_n - results.n as base_difference,
        waves.survey is not null as is_landed,
        exceptions.reason_en as exception_reason
    from results
    left join {{ ref('int_published_values') }} as numbers using (result_id)
    left join others using (result_id)
    left join {{ ref('waves') }} as waves using (survey, year)
    left join {{ ref('published_exceptions') }} as exceptions
        on results.result_id = exceptions.result_id and exceptions.concerns = 'base'
),

judged as (
    select
        *,
        case
            when denominator in ('none', 'margin') or not is_landed or {{ is_open() }} then 'not_computable'
            when base_difference = 0 then 'match'
            when exception_reason is not null then 'known_inconsistency'
            else 'mismatch'
        end as base_status
    from counted
)

select
    result_id,
    case when denominator not in ('none', 'margin') then base_counts end as base_counts,
    case when base_status != 'not_computable' then computed_base_n end as computed_base_n,
    case when base_status != 'not_computable' then base_difference end as base_difference,
    base_status,
    case
        when base_status = 'known_inconsistency' then exception_reason
        when denominator = 'none' then 'outside source'
        when denominator = 'margin' then 'the printed formula takes it as given'
        when not is_landed then 'the wave has not been delivered'
        when base_status = 'not_computable' then 'the disclosure profile adds noise to computed values'
        when computed_base_n is null then 'the warehouse has no base for it'
        when base_status = 'mismatch' then 'the counted base is not the printed one'
    end as base_reason
from judged
