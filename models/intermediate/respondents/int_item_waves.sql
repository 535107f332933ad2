-- Grain: one row per survey, year and item asked in (or derivable from) that wave, with its routing; where its filter changed,
-- also the universe of its like-for-like basis (number `like_for_like_no` along the waves): the newest of later waves that this
-- wave can be cut down to; or its own, where that is the newest or one that an earlier wave was cut down to.
with

item_waves as (
    select * from {{ ref('stg_item_waves') }}
),

cuts as (
    {{ universe_cuts() | indent }}
),

-- Rebuilt before not, newest first: where nothing can be rebuilt, this says why the newest cannot.
ordered as (
    select
        *,
        row_number() over (partition by survey, year, item order by is_rebuilt desc, filter_no desc) as place_no
    from cuts
),

best as (
    select * from ordered where place_no = 1
),

judged as (
    select
        item_waves.*,
        best.is_rebuilt,
        best.filter_no as rebuilt_no,
        best.universe as rebuilt_universe,
        case
            when not item_waves.filter_changed then 'filter_unchanged'
            when best.is_rebuilt then best.method
            when best.item is null or aimed_at.item is not null then 'same_universe'
            else best.method
        end as like_for_like_method
    from item_waves
    left join best
        on item_waves.survey = best.survey and item_waves.year = best.year and item_waves.item = best.item
    left join (select distinct survey, item, filter_no from best where is_rebuilt) as aimed_at
        on item_waves.survey = aimed_at.survey and item_waves.item = aimed_at.item and item_waves.filter_no = aimed_at.filter_no
),

compared as (
    select *, like_for_like_method in ('same_universe', 'rebuilt') as has_like_for_like from judged
)

select
    survey,
    year,
    item,
    derived_answers,
    type,
    answer_set,
    universe,
    filter_no,
    first_year,
    last_year,
    filter_changed,
    like_for_like_method,
    has_like_for_like,
    case when has_like_for_like then if(is_rebuilt, rebuilt_no, filter_no) end as like_for_like_no,
    case when has_like_for_like then if(is_rebuilt, rebuilt_universe, universe) end as like_for_like_universe
from compared
