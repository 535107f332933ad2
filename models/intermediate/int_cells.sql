-- Grain: one row per survey, year, item, answer, breakdown, group and basis: the additive sums everything else is
-- arithmetic on. One scan of a survey's answers: each breakdown is a grouping set over small integers; exact
-- decimals keep the sums independent of the order of addition. `_base` counts the respondents who answered the
-- item, `nonzero_n` those who gave a number other than 0. In profile `open` sums of weights are rounded: exact ones are
-- fingerprints of the people in them.
with

cell_keys as (
    select
        *,
        cast(row_number() over (order by survey, year, item, answer, basis) as integer) as cell_no,
    from (select distinct survey, year, item, answer, basis from {{ ref('int_answers') }})
),

answers as (
    select
        cell_keys.cell_no,
        answers.survey,
        answers.year,
        answers.respondent_no,
        answers.weight,
        answers.value,
        answers.weighted_value,
    from {{ ref('int_answers') }} as answers
    inner join cell_keys using (survey, year, item, answer, basis)
),

group_keys as (
    select
        *,
        cast(row_number() over (order by breakdown, group_key) as integer) as group_no,
    from (select distinct breakdown, group_key from {{ ref('int_groups') }})
),

numbered_groups as (
    select
        groups.survey,
        groups.year,
        groups.respondent_no,
        groups.breakdown,
        group_keys.group_no,
    from {{ ref('int_groups') }} as groups
    inner join group_keys
        on groups.breakdown = group_keys.breakdown and groups.group_key = group_keys.group_key
),

scanned as (
    {% for survey, breakdowns in breakdown_columns().items() %}
    select
        answers.cell_no,
        coalesce({% for breakdown in breakdowns %}groups."{{ breakdown }}", {% endfor %}null) as group_no,
        count(*) as n,
        sum(answers.weight) as sum_w,
        sum(answers.weight * answers.weight) as sum_w2,
        sum(answers.weighted_value) as sum_wx,
        sum(answers.weighted_value * answers.value) as sum_wx2,
        sum(answers.weight * answers.weighted_value) as sum_w2x,
        sum(answers.weighted_value * answers.weighted_value) as sum_w2x2,
        count(*) filter (where answers.value != 0) as nonzero_n,
    from answers
    inner join (
        select
            year,
            respondent_no,
            {% for breakdown in breakdowns %}
            max(group_no) filter (where breakdown = '{{ breakdown }}') as "{{ breakdown }}",
            {% endfor %}
        from numbered_groups
        where survey = '{{ survey }}'
        group by year, respondent_no
    ) as groups
        on answers.year = groups.year and answers.respondent_no = groups.respondent_no
    where answers.survey = '{{ survey }}'
    group by grouping sets (
        {% for breakdown in breakdowns %}
        (cell_no, "{{ breakdown }}"){{ ',' if not loop.last }}
        {% endfor %}
    )
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

named as (
    select
        cell_keys.survey,
        cell_keys.year,
        cell_keys.item,
        cell_keys.answer,
        group_keys.breakdown,
        group_keys.group_key,
        cell_keys.basis,
        scanned.n,
        {% for column in ['sum_w', 'sum_w2', 'sum_wx', 'sum_wx2', 'sum_w2x', 'sum_w2x2'] %}
        {{ released_sum('scanned.' ~ column) }} as {{ column }},
        {% endfor %}
        scanned.nonzero_n,
    from scanned
    inner join cell_keys using (cell_no)
    inner join group_keys using (group_no)
),

-- The answers of a single-choice item exclude each other, so their sum is its base.
single_bases as (
    select
        named.survey,
        named.year,
        named.item,
        '_base' as answer,
        named.breakdown,
        named.group_key,
        named.basis,
        cast(sum(named.n) as bigint) as n,
        sum(named.sum_w) as sum_w,
        sum(named.sum_w2) as sum_w2,
        sum(named.sum_wx) as sum_wx,
        sum(named.sum_wx2) as sum_wx2,
        sum(named.sum_w2x) as sum_w2x,
        sum(named.sum_w2x2) as sum_w2x2,
        cast(sum(named.nonzero_n) as bigint) as nonzero_n,
    from named
    inner join {{ ref('items') }} as items
        on named.survey = items.survey and named.item = items.item
    where items.type in ('single', 'scale', 'number')
    group by all
)

select * from named
union all
select * from single_bases
