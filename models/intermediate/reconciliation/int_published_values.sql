-- Grain: one row per printed number of a landed wave, with the value the cube gives for it.
-- A change reads two waves; a printed range is the smallest or largest of several items or waves.
with

results as (
    select * from {{ ref('published_results') }} where denominator in ('answered', 'asked', 'substantive')
),

cells as (
    select
        cells.*,
        answers.answer_kind
    from {{ ref('int_published_cells') }} as cells
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('answers') }} as answers using (answer_set, answer)
),

scores as (
    select
        survey,
        item,
        string_split(answers, '|') as promoters,
        string_split(negative_answers, '|') as detractors
    from {{ ref('indicators') }}
    where kind = 'nps'
),

summed as (
    select
        reads.result_id,
        reads.item,
        reads.year,
        results.measure,
        case results.denominator
            when 'substantive' then cells.answer_kind in ('substantive', 'neutral')
            when 'asked' then cells.answer = '_asked'
            else cells.answer = '_base'
        end as in_base,
        case
            when results.measure = 'nps'
                then
                    list_contains(scores.promoters, cells.answer)::integer
                    - list_contains(scores.detractors, cells.answer)::integer
            when results.answers is null and results.denominator = 'asked' then (cells.answer = '_asked')::integer
            when results.answers is null then (cells.answer = '_base')::integer
            -- Blanks are no part of those who answered.
            when results.denominator = 'answered' and cells.answer = '_no_answer' and results.measure != 'count' then 0
            else list_contains(string_split(results.answers, '|'), cells.answer)::integer
        end as score,
        cells.n,
        case when results.weighted = 'yes' then cells.sum_w else cells.n end as amount,
        cells.sum_wx
    from {{ ref('int_published_reads') }} as reads
    inner join results using (result_id)
    inner join cells
        on
            reads.survey = cells.survey
            and reads.year = cells.year
            and reads.item = cells.item
            and results.breakdown = cells.breakdown
            and results.group_key = cells.group_key
    left join scores
        on reads.survey = scores.survey and reads.item = scores.item
),

valued as (
    select
        result_id,
        item,
        year,
        sum(n) filter (where in_base) as base_n,
        case measure
            when 'count' then (sum(score * n))::double
            when 'mean'
                then
                    (sum(sum_wx) filter (where score = 1))::double
                    / (sum(amount) filter (where in_base))::double
            else 100 * (sum(score * amount))::double / (sum(amount) filter (where in_base))::double
        end as value
    from summed
    group by result_id, item, year, measure
)

select
    results.result_id,
    case
        when results.aggregate = 'min' then min(valued.value)
        when results.aggregate = 'max' then max(valued.value)
        when results.measure = 'pp_change'
            then
                max(valued.value) filter (where valued.year = results.year)
                - max(valued.value) filter (where valued.year = results.year_from)
        else max(valued.value)
    end as computed_value,
    max(valued.base_n) filter (where valued.year = results.year) as computed_n
from results
inner join valued using (result_id)
group by results.result_id, results.aggregate, results.measure
