-- Grain: one row per survey, single-choice item, basis, pair of neighbouring comparable waves, wave of the pair and answer:
-- the cells of the two-way table of answers by waves, whole sample. An answer that only one of the two forms offered is left out
-- with those who gave it (`left_out_n`): it would be empty in the other wave by the form alone.
with

totals as (
    select * from {{ ref('int_group_tables') }} where breakdown = 'total'
),

neighbours as (
    select
        survey,
        item,
        basis,
        previous_year as year_from,
        year as year_to
    from {{ ref('int_segments') }}
    where series_type = 'answer' and place = '*'
    group by survey, item, basis, previous_year, year
    having bool_and(comparable_with_previous)
),

paired as (
    select
        neighbours.*,
        totals.year, totals.answer, totals.n, totals.exact_w, totals.sum_w, totals.sum_w2, totals.is_weighted,
        totals.respondents_n,
        other.answer is not null as is_common
    from neighbours
    inner join totals
        on
            neighbours.survey = totals.survey
            and neighbours.item = totals.item
            and neighbours.basis = totals.basis
            and totals.year in (neighbours.year_from, neighbours.year_to)
    left join {{ ref('int_item_answers') }} as other
        on
            totals.survey = other.survey
            and totals.item = other.item
            and totals.answer = other.answer
            and other.year = neighbours.year_from + neighbours.year_to - totals.year
),

common as (
    select
        *,
        coalesce(sum(case when not is_common then n end) over in_pair, 0) as left_out_n,
        sum(case when is_common then n end) over in_pair as both_n,
        sum(case when is_common then n end) over in_wave as table_n,
        cast(sum(case when is_common then exact_w end) over in_wave as double) as table_w,
        bool_or(is_weighted) over in_pair as pair_is_weighted,
        count(distinct case when is_common then year end) over in_pair as waves_n
    from paired
    window
        in_pair as (partition by survey, item, basis, year_from, year_to),
        in_wave as (partition by survey, item, basis, year_from, year_to, year)
)

select
    survey,
    item,
    basis,
    year_from,
    year_to,
    year,
    answer,
    both_n,
    left_out_n,
    pair_is_weighted as is_weighted,
    table_n,
    table_w,
    respondents_n,
    sum_w2,
    sum_w / table_w as p,
    sum(sum_w / table_w * table_n) over (partition by survey, item, basis, year_from, year_to, answer) / both_n as p_pooled
from common
where is_common and waves_n = 2
