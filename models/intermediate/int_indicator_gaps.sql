-- Grain: one row per indicator, survey, year, breakdown, group and basis for which there is no value: the gaps of its item,
-- waves whose form does not offer its answers, groups without an answer that counts, and what the profile withholds.
select
    gaps.survey,
    indicators.indicator,
    indicators.unit,
    gaps.year,
    gaps.breakdown,
    gaps.group_key,
    gaps.basis,
    gaps.obs_status,
    gaps.status_reason,
from {{ ref('int_gaps') }} as gaps
inner join {{ ref('indicators') }} as indicators
    on gaps.survey = indicators.survey and gaps.item = indicators.item
anti join {{ ref('int_indicator_waves') }} as unoffered
    on
        gaps.survey = unoffered.survey
        and indicators.indicator = unoffered.indicator
        and gaps.year = unoffered.year
        and not unoffered.is_offered
union all
select
    waves.survey,
    waves.indicator,
    indicators.unit,
    waves.year,
    'total' as breakdown,
    'total' as group_key,
    'as_published' as basis,
    'L' as obs_status,
    'the form of this wave does not offer the answers' as status_reason,
from {{ ref('int_indicator_waves') }} as waves
inner join {{ ref('indicators') }} as indicators
    on waves.survey = indicators.survey and waves.indicator = indicators.indicator
where not waves.is_offered
union all
-- The item has a base here and the indicator has none: nobody gave an answer that counts, or profile `open` withholds it.
select
    waves.survey,
    waves.indicator,
    indicators.unit,
    waves.year,
    cells.breakdown,
    cells.group_key,
    cells.basis,
    case when small.answer is not null or withheld.indicator is not null then 'Q' else 'O' end as obs_status,
    case
        when small.answer is not null or withheld.indicator is not null then {{ withheld_reason() }}
        else 'nobody in this group gave an answer that this indicator counts'
    end as status_reason,
from {{ ref('int_indicator_waves') }} as waves
inner join {{ ref('indicators') }} as indicators
    on waves.survey = indicators.survey and waves.indicator = indicators.indicator
inner join {{ ref('int_released_cells') }} as cells
    on
        waves.survey = cells.survey
        and waves.item = cells.item
        and waves.year = cells.year
        and cells.answer = '_base'
anti join {{ ref('int_moments') }} as released
    on
        waves.survey = released.survey
        and waves.indicator = released.indicator
        and waves.year = released.year
        and cells.breakdown = released.breakdown
        and cells.group_key = released.group_key
        and cells.basis = released.basis
left join {{ ref('int_withheld_indicators') }} as withheld
    on waves.survey = withheld.survey and waves.indicator = withheld.indicator and waves.year = withheld.year
left join {{ ref('int_disclosure_bases') }} as small
    on
        waves.survey = small.survey
        and waves.year = small.year
        and concat_ws(':', cells.basis, cells.item) = small.table_key
        and cells.breakdown = small.breakdown
        and cells.group_key = small.group_key
        and concat('_base:', waves.indicator) = small.answer
where waves.is_offered
