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
        inner join parts using (survey, year, item)
        inner join {{ ref('int_responses') }} as told
            on
                parts.survey = told.survey
                and parts.year = told.year
                and parts.source_item = told.item
                and responses.respondent_no = told.respondent_no
        where not responses.has_answer
        group by all
        having bool_and(told.has_answer)
    ),

    counted as (
        select survey, year, item, given.answer, given.value, count(*) as n
        from {{ ref('int_given_answers') }} as given
        inner join responses using (survey, year, item, respondent_no)
        where responses.has_answer and (given.answer is not null or given.value is not null)
        group by all
        union all
        select survey, year, item, '_outside' as answer, null as value, count(*) as n
        from without_clause
        group by all
        union all
        select survey, year, item, coalesce(option, codes.answer) as answer, null as value, 0 as n
        from {{ ref('stg_columns') }} as columns
        semi join sources using (survey, item)
        left join {{ ref('code_lists') }} as codes using (code_list)
        where not columns.is_number and not {{ is_no_answer('codes.answer') }} and answer is not null
    )

    select survey, year, item, counted.answer, counted.value, any_value(answers.answer_kind) as answer_kind, sum(counted.n) as n
    from counted
    left join {{ ref('items') }} as items using (survey, item)
    left join {{ ref('answers') }} as answers using (answer_set, answer)
    group by all
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

    doubtful as materialized (
        select
            row_number() over () as doubtful_no,
            survey,
            year,
            item,
            types.answers_add_up,
            count(column_name) = 0 as is_derived,
            string_agg(column_name, ', ' order by column_name) as column_names
        from holders
        inner join {{ ref('items') }} as items using (survey, item)
        inner join {{ ref('item_types') }} as types using (type)
        where types.is_counted
        group by survey, year, item, types.answers_add_up
        having count(*) > case when types.answers_add_up then 1 else count(distinct option) end
    ),

    -- Hardly anybody: what they gave is looked up for them alone.
    doubled as (
        select doubtful_no, respondent_no, if(doubtful.answers_add_up, null, given.answer) as option
        from {{ ref('int_given_answers') }} as given
        inner join doubtful using (survey, year, item)
        where given.answer is not null or given.value is not null
        group by all
        having count(*) > 1
    ),

    given as (
        select
            doubtful_no,
            respondent_no,
            list(coalesce(given.answer, 'a number') order by given.answer) as gave
        from doubled
        inner join doubtful using (doubtful_no)
        inner join {{ ref('int_given_answers') }} as given using (survey, year, item, respondent_no)
        where
            (given.answer is not null or given.value is not null)
            and (doubtful.answers_add_up or given.answer is not distinct from doubled.option)
        group by doubtful_no, respondent_no, doubled.option
    )

    select
        doubtful.survey,
        doubtful.year,
        doubtful.item,
        doubtful.is_derived,
        doubtful.column_names,
        {{ wave_file('waves') }} as file,
        if(gave[1] = gave[2], gave[1] || ' twice', 'both ' || array_to_string(gave, ' and ')) as said,
        count(*) as n
    from given
    inner join doubtful using (doubtful_no)
    inner join {{ ref('waves') }} as waves on doubtful.survey = waves.survey and doubtful.year = waves.year
    group by all
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
            survey, year, breakdown, sources.item, respondent_no, list(groups.group_key order by groups.group_key) as group_keys
        from {{ ref('int_group_members') }} as members
        inner join {{ ref('int_wave_groups') }} as groups using (survey, year, group_no)
        inner join (
            select distinct breakdowns.survey, breakdowns.breakdown, items.item
            from {{ ref('breakdowns') }} as breakdowns
            inner join {{ ref('items') }} as items on breakdowns.survey = items.survey and breakdowns.source_item = items.item
            inner join {{ ref('item_types') }} as types using (type)
            where not types.answers_add_up
        ) as sources using (survey, breakdown)
        group by all
        having count(*) > 1
    )
    group by all
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
        select waves.year, breakdowns.*
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
            list(groups.group_key) filter (
                where list_contains(string_split(groups.answers, '|'), answers.answer)
                or (
                    groups.answers is null
                    and answers.value between coalesce(groups.min_value, answers.value) and coalesce(groups.max_value, answers.value)
                )
            ) as group_keys
        from groups
        inner join {{ people_by_answer() }} as answers
            on groups.survey = answers.survey and groups.year = answers.year and groups.source_item = answers.item
        group by all
    )

    select
        survey,
        year,
        breakdown,
        item,
        coalesce(answer, if(group_keys is null, '_outside', 'some numbers')) as answer,
        answer_kind,
        list_sort(coalesce(group_keys, [])) as group_keys,
        sum(n) as n
    from in_groups
    group by all
)
{%- endmacro %}
