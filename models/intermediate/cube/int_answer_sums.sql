-- Grain: one row per survey, year, answer (`answer_no` of int_answer_keys) and group (`group_no` of int_wave_groups): sums over
-- respondents, by one join of answers and groups; exact decimals make them independent of the order. Those of numbers (x) are
-- NULL where there is none.
with

waves as (
    select
        survey, year, weight_column is not null as is_weighted,
        cast(row_number() over (order by survey, year) as integer) as wave_no
    from {{ ref('waves') }}
),

services as (select distinct survey, year, serves, serves_no from {{ ref('int_wave_groups') }}),

-- Which answers are counted in groups that serve what: everybody in all of them. Numbers are shorter to join and group by.
keys as (
    select
        survey, year, waves.wave_no, waves.is_weighted, keys.answer_no, services.serves_no,
        cast(dense_rank() over (order by survey, year, keys.answer_no) as integer) as key_no
    from {{ ref('int_answer_keys') }} as keys
    inner join waves using (survey, year)
    inner join services using (survey, year)
    where keys.item = '_respondents' or {{ serves('services.serves', 'keys.item') }}
),

-- The answers of an unweighted wave are counted and not summed.
answers as (
    select
        keys.wave_no, keys.key_no, keys.serves_no, counted.respondent_no,
        case when keys.is_weighted then counted.weight end as w,
        case when keys.is_weighted then counted.weight * counted.weight end as w2
    from {{ ref('int_counted_answers') }} as counted
    inner join keys using (survey, year, answer_no)
),

members as (
    select
        waves.wave_no, members.serves_no, respondent_no, members.group_no{% if is_open() %},
        {{ record_key() }} as record_key{% endif %}

    from {{ ref('int_group_members') }} as members
    inner join waves using (survey, year)
    {{ 'inner join ' ~ ref('stg_respondents') ~ ' as respondents using (survey, year, respondent_no)' if is_open() }}
),

counts as (
    select
        answers.key_no, members.group_no, count(*) as n, sum(answers.w) as sum_w, sum(answers.w2) as sum_w2
        {{- ', sum(members.record_key) as sum_key' if is_open() }}
    from answers
    inner join members using (wave_no, serves_no, respondent_no)
    group by answers.key_no, members.group_no
),

given as (
    select keys.wave_no, keys.key_no, keys.serves_no, counted.respondent_no, counted.weight, counted.value
    from {{ ref('int_counted_answers') }} as counted
    inner join keys using (survey, year, answer_no)
    where counted.value is not null
),

-- Large numbers are added in units of a power of ten, so that their squares fit exact decimals.
units as (
    select key_no, greatest(0, cast(ceil(log10(greatest(max(abs(value)), 1))) as integer) - 4) as zeros
    from given
    group by key_no
),

scaled as (
    select
        key_no, given.wave_no, given.serves_no, given.respondent_no, given.weight, units.zeros,
        case when units.zeros = 0 then value else {{ moved_point('value', 9, '-units.zeros', 'decimal(18, 9)') }} end as x
    from given
    inner join units using (key_no)
),

weighted as (select *, cast(weight * x as decimal(18, 9)) as wx from scaled),

valued as (select *, wx * x as wx2, weight * wx as w2x, wx * wx as w2x2 from weighted),

numbers as (
    select
        valued.key_no, members.group_no, cast(pow(10, max(valued.zeros)) as bigint) as unit, sum(valued.wx) as sum_wx,
        cast(sum(valued.wx2) as decimal(38, 12)) as sum_wx2, cast(sum(valued.w2x) as decimal(38, 12)) as sum_w2x,
        cast(sum(valued.w2x2) as decimal(38, 12)) as sum_w2x2
    from valued
    inner join members using (wave_no, serves_no, respondent_no)
    group by valued.key_no, members.group_no
)

select
    keys.survey, keys.year, keys.answer_no, group_no, counts.n,
    coalesce(counts.sum_w, cast(counts.n as decimal(38, 9))) as sum_w,
    coalesce(counts.sum_w2, cast(counts.n as decimal(38, 18))) as sum_w2,{{ ' counts.sum_key,' if is_open() }}
    numbers.sum_wx * numbers.unit as sum_wx, numbers.sum_wx2 * numbers.unit * numbers.unit as sum_wx2,
    numbers.sum_w2x * numbers.unit as sum_w2x,
    numbers.sum_w2x2 * numbers.unit * numbers.unit as sum_w2x2
from counts
inner join (select distinct survey, year, answer_no, key_no from keys) as keys using (key_no)
left join numbers using (key_no, group_no)
