-- Grain: one row per survey, year, table family, set of people that its tables can tell apart by adding and subtracting, and
-- respondent in it, for profile `open`: an answer, a filter (who was asked is the base of another item), and whoever chose an
-- option of a set that does not stand alone (the base less the answers that exclude all others).
with

families as (
    select *, count(*) over (partition by survey, family) as item_n
    from {{ ref('int_table_families') }}
),

given as (
    select
        answers.survey,
        answers.year,
        families.family,
        families.type,
        families.item_n,
        answers.item,
        answers.answer,
        answers.respondent_no,
        count(*) over (partition by answers.survey, answers.year, answers.item, answers.respondent_no) as choice_n,
    from {{ ref('int_answers') }} as answers
    inner join families
        on answers.survey = families.survey and answers.item = families.item
    where
        {{ is_open() }}
        and answers.basis = 'as_published'
        and answers.answer != '_base'
        and (families.item_n > 1 or families.type = 'multi')
),

together as (
    select survey, year, item, answer
    from given
    where type = 'multi'
    group by survey, year, item, answer
    having max(choice_n) > 1
),

filters as (
    select universes.survey, universes.universe, any_value(families.family) as family
    from {{ ref('universes') }} as universes
    inner join families
        on universes.survey = families.survey and universes.item = families.item
    where families.item_n > 1
    group by universes.survey, universes.universe
    having count(distinct families.family) = 1
)

select survey, year, family, concat_ws(':', item, answer) as place, respondent_no
from given
union all
select distinct given.survey, given.year, given.family, concat(given.item, ':_together') as place, given.respondent_no
from given
inner join together
    on
        given.survey = together.survey
        and given.year = together.year
        and given.item = together.item
        and given.answer = together.answer
union all
select members.survey, members.year, filters.family, concat('filter:', members.universe) as place, members.respondent_no
from {{ ref('int_universes') }} as members
inner join filters
    on members.survey = filters.survey and members.universe = filters.universe
where {{ is_open() }}
