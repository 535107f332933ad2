-- Grain: one row per survey, year, item, answer, breakdown, group and basis, for the answers of int_counted_answers: one join of
-- answers and groups; exact decimals make the sums independent of the order. Those of numbers (x) are NULL where there is none.
with

answer_keys as (
    select *, cast(row_number() over (order by survey, year, basis, item, answer) as integer) as answer_no
    from (select distinct survey, year, basis, item, answer from {{ ref('int_counted_answers') }})
),

group_keys as (
    select *, cast(row_number() over (order by survey, breakdown, group_key) as integer) as group_no
    from {{ ref('int_breakdown_groups') }}
),

answers as (
    select keys.answer_no, counted.* exclude (basis, item, answer), counted.item = '_respondents' as is_everybody
    from {{ ref('int_counted_answers') }} as counted
    inner join answer_keys as keys using (survey, year, basis, item, answer)
),

members as (
    select
        members.survey,
        members.year,
        members.respondent_no,
        keys.group_no,
        coalesce(keys.serves, '') != 'composition' as serves_items{% if is_open() %},
        {{ record_key('respondents') }} as record_key{% endif %}

    from {{ ref('int_group_members') }} as members
    inner join group_keys as keys using (survey, breakdown, group_key)
    {{ 'inner join ' ~ ref('stg_respondents') ~ ' as respondents using (survey, year, respondent_no)' if is_open() }}
),

counts as (
    select
        answers.answer_no,
        members.group_no,
        count(*) as n,
        sum(answers.weight) as sum_w,
        sum(answers.weight * answers.weight) as sum_w2{{ ', sum(members.record_key) as sum_key' if is_open() }}
    from answers
    inner join members using (survey, year, respondent_no)
    where members.serves_items or answers.is_everybody
    group by answers.answer_no, members.group_no
),

-- Large numbers are added in units of a power of ten, so that their squares fit exact decimals.
units as (
    select answer_no, greatest(0, cast(ceil(log10(greatest(max(abs(value)), 1))) as integer) - 4) as zeros
    from answers
    where value is not null
    group by answer_no
),

valued as (
    select
        *,
        case zeros when 0 then value else cast(concat(value, 'e-', zeros) as decimal(18, 9)) end as x,
        cast(weight * x as decimal(18, 9)) as wx
    from answers
    inner join units using (answer_no)
),

numbers as (
    select
        answer_no,
        group_no,
        any_value(cast(pow(10, zeros) as bigint)) as unit,
        sum(wx) * unit as sum_wx,
        cast(sum(wx * x) as decimal(38, 12)) * unit * unit as sum_wx2,
        cast(sum(weight * wx) as decimal(38, 12)) * unit as sum_w2x,
        cast(sum(wx * wx) as decimal(38, 12)) * unit * unit as sum_w2x2
    from valued
    inner join members using (survey, year, respondent_no)
    where members.serves_items
    group by answer_no, group_no
)

select
    keys.survey,
    keys.year,
    keys.item,
    keys.answer,
    groups.breakdown,
    groups.group_key,
    keys.basis,
    counts.n,
    counts.sum_w,
    counts.sum_w2,{{ ' counts.sum_key,' if is_open() }}
    numbers.sum_wx,
    numbers.sum_wx2,
    numbers.sum_w2x,
    numbers.sum_w2x2
from counts
inner join answer_keys as keys using (answer_no)
inner join group_keys as groups using (group_no)
left join numbers using (answer_no, group_no)
where keys.item = '_respondents' or {{ serves('groups.serves', 'keys.item') }}
