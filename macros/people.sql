{#
    How many respondents gave each answer, or number, of the items that breakdowns are made of, as SQL of a relation: survey, year,
    item, answer, value, answer_kind, n. Only those who were asked count. An answer that the wave's form offers and nobody gave has
    n 0; `_outside` are those who answered all that a derived item is made of and for whom no clause of it holds.
#}
{% macro people_by_answer() -%}
(
    with

    sources as (
        select distinct survey, source_item as item from {{ ref('breakdowns') }} where source_item is not null
    ),

    responses as (
        select * from {{ ref('int_responses') }} semi join sources using (survey, item) where in_universe
    ),

    parts as (
        select distinct derivations.survey, waves.year, derivations.item, derivations.source_item
        from {{ ref('derivations') }} as derivations
        inner join {{ ref('waves') }} as waves
            on derivations.survey = waves.survey and {{ in_range('waves.year', 'derivations') }}
    ),

    without_clause as (
        select responses.survey, responses.year, responses.item, responses.respondent_no
        from responses
        inner join parts
            on responses.survey = parts.survey and responses.year = parts.year and responses.item = parts.item
        inner join {{ ref('int_responses') }} as told
            on
                parts.survey = told.survey
                and parts.year = told.year
                and parts.source_item = told.item
                and responses.respondent_no = told.respondent_no
        where not responses.has_answer
        group by responses.survey, responses.year, responses.item, responses.respondent_no
        having bool_and(told.has_answer)
    ),

    offered as (
        select columns.survey, columns.year, columns.item, coalesce(columns.option, codes.answer) as answer
        from {{ ref('stg_columns') }} as columns
        left join {{ ref('code_lists') }} as codes on columns.code_list = codes.code_list
        where not columns.is_number and not {{ is_no_answer('codes.answer') }}
    ),

    counted as (
        select survey, year, item, given.answer, given.value, count(*) as n
        from {{ ref('int_given_answers') }} as given
        inner join responses using (survey, year, item, respondent_no)
        where responses.has_answer and (given.answer is not null or given.value is not null)
        group by survey, year, item, given.answer, given.value
        union all
        select survey, year, item, '_outside' as answer, null as value, count(*) as n
        from without_clause
        group by survey, year, item
        union all
        select survey, year, item, answer, null as value, 0 as n
        from offered
        semi join sources using (survey, item)
        where answer is not null
    )

    select
        counted.survey,
        counted.year,
        counted.item,
        counted.answer,
        counted.value,
        any_value(answers.answer_kind) as answer_kind,
        sum(counted.n) as n
    from counted
    left join {{ ref('items') }} as items on counted.survey = items.survey and counted.item = items.item
    left join {{ ref('answers') }} as answers on items.answer_set = answers.answer_set and counted.answer = answers.answer
    group by counted.survey, counted.year, counted.item, counted.answer, counted.value
)
{%- endmacro %}

{#
    Answers given twice by one person, as SQL of a relation: survey, year, item, file, said (what they gave), is_derived, column_names, n
    (how many people). An item whose answers add up takes one; any other takes each of its answers once. Only what can be given twice
    is looked at: derived answers, and items or options that more than one column of the wave holds.
#}
{% macro answers_given_twice() -%}
(
    with

    holders as (
        select columns.survey, columns.year, columns.item, columns.column_name, columns.option
        from {{ ref('stg_columns') }} as columns
        where columns.ignored_reason is null
        union all
        select distinct derivations.survey, waves.year, derivations.item, null as column_name, derivations.answer as option
        from {{ ref('derivations') }} as derivations
        inner join {{ ref('waves') }} as waves
            on derivations.survey = waves.survey and {{ in_range('waves.year', 'derivations') }}
    ),

    doubtful as (
        select
            cast(row_number() over (order by holders.survey, holders.year, holders.item) as integer) as doubtful_no,
            holders.survey,
            holders.year,
            holders.item,
            types.answers_add_up,
            count(holders.column_name) = 0 as is_derived,
            {{ joined('holders.column_name', ', ', order='holders.column_name') }} as column_names
        from holders
        inner join {{ ref('items') }} as items on holders.survey = items.survey and holders.item = items.item
        inner join {{ ref('item_types') }} as types on items.type = types.type
        where types.is_counted
        group by holders.survey, holders.year, holders.item, types.answers_add_up
        having count(*) > case when types.answers_add_up then 1 else count(distinct holders.option) end
    ),

    -- Hardly anybody: what they gave is looked up for them alone.
    doubled as (
        select doubtful_no, respondent_no, if(doubtful.answers_add_up, null, given.answer) as option
        from {{ ref('int_given_answers') }} as given
        inner join doubtful using (survey, year, item)
        where given.answer is not null or given.value is not null
        group by doubtful_no, respondent_no, if(doubtful.answers_add_up, null, given.answer)
        having count(*) > 1
    ),

    given as (
        select
            doubtful_no,
            min(coalesce(given.answer, 'a number')) as gave_first,
            max(coalesce(given.answer, 'a number')) as gave_last,
            {{ joined("coalesce(given.answer, 'a number')", ' and ', order="coalesce(given.answer, 'a number')") }} as gave
        from doubled
        inner join doubtful using (doubtful_no)
        inner join {{ ref('int_given_answers') }} as given using (survey, year, item, respondent_no)
        where
            (given.answer is not null or given.value is not null)
            and (doubtful.answers_add_up or given.answer is not distinct from doubled.option)
        group by doubtful_no, respondent_no, doubled.option
    ),

    placed as (
        select
            doubtful.survey,
            doubtful.year,
            doubtful.item,
            doubtful.is_derived,
            doubtful.column_names,
            {{ wave_file('waves') }} as file,
            if(given.gave_first = given.gave_last, concat(given.gave_first, ' twice'), concat('both ', given.gave)) as said
        from given
        inner join doubtful on given.doubtful_no = doubtful.doubtful_no
        inner join {{ ref('waves') }} as waves on doubtful.survey = waves.survey and doubtful.year = waves.year
    )

    select survey, year, item, file, said, is_derived, column_names, count(*) as n
    from placed
    group by survey, year, item, file, said, is_derived, column_names
)
{%- endmacro %}

{#
    People whose answers to a question that takes several put them into two groups of one breakdown, as SQL of a relation shaped as
    those of chk_people: survey, year, breakdown, item, answer, group_keys, n.
#}
{% macro people_in_two_groups() -%}
(
    select survey, year, breakdown, item, 'answers' as answer, group_keys, count(*) as n
    from (
        select
            survey, year, breakdown, sources.item, respondent_no, array_sort(array_agg(groups.group_key)) as group_keys
        from {{ ref('int_group_members') }} as members
        inner join {{ ref('int_wave_groups') }} as groups using (survey, year, group_no)
        inner join (
            select distinct breakdowns.survey, breakdowns.breakdown, items.item
            from {{ ref('breakdowns') }} as breakdowns
            inner join {{ ref('items') }} as items on breakdowns.survey = items.survey and breakdowns.source_item = items.item
            inner join {{ ref('item_types') }} as types on items.type = types.type
            where not types.answers_add_up
        ) as sources using (survey, breakdown)
        group by survey, year, breakdown, sources.item, respondent_no
        having count(*) > 1
    ) as members
    group by survey, year, breakdown, item, group_keys
)
{%- endmacro %}

{#
    How many respondents of each answer of a breakdown's item have which groups of the breakdown, as SQL of a relation: survey, year,
    breakdown, item, answer, answer_kind, group_keys (a list, empty where no group takes the answer), n. Of numbers: how many of them
    lie in a group, or in two (`some numbers`), and how many in none (`_outside`).
#}
{% macro people_by_group() -%}
(
    with

    groups as (
        select
            breakdowns.survey,
            waves.year,
            breakdowns.breakdown,
            breakdowns.group_key,
            breakdowns.source_item,
            {{ split_list('breakdowns.answers') }} as wanted,
            breakdowns.min_value,
            breakdowns.max_value
        from {{ ref('breakdowns') }} as breakdowns
        inner join {{ ref('waves') }} as waves on breakdowns.survey = waves.survey and {{ in_range('waves.year', 'breakdowns') }}
    ),

    in_groups as (
        select
            groups.survey,
            groups.year,
            groups.breakdown,
            answers.item,
            answers.answer,
            answers.value,
            answers.answer_kind,
            answers.n,
            array_agg(groups.group_key) filter (
                where array_contains(groups.wanted, answers.answer)
                or (
                    groups.wanted is null
                    and answers.value between coalesce(groups.min_value, answers.value) and coalesce(groups.max_value, answers.value)
                )
            ) as group_keys
        from groups
        inner join {{ people_by_answer() }} as answers
            on groups.survey = answers.survey and groups.year = answers.year and groups.source_item = answers.item
        group by
            groups.survey, groups.year, groups.breakdown, answers.item, answers.answer, answers.value, answers.answer_kind, answers.n
    ),

    sorted as (
        select
            survey, year, breakdown, item, answer, answer_kind, n, array_sort(coalesce(group_keys, {{ list_of([]) }})) as group_keys
        from in_groups
    )

    select
        survey,
        year,
        breakdown,
        item,
        coalesce(answer, if(cardinality(group_keys) = 0, '_outside', 'some numbers')) as answer,
        answer_kind,
        group_keys,
        cast(sum(n) as bigint) as n
    from sorted
    group by
        survey, year, breakdown, item, coalesce(answer, if(cardinality(group_keys) = 0, '_outside', 'some numbers')), answer_kind,
        group_keys
)
{%- endmacro %}
