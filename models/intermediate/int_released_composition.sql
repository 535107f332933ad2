{{ config(materialized='view') }}
-- Grain: one row per survey, year, breakdown and group whose size the disclosure profile lets out.
select
    members.survey,
    members.year,
    members.breakdown,
    members.group_key,
    members.respondents_n,
    {{ released_sum('members.weight') }} as weight,
from {{ ref('int_composition') }} as members
anti join {{ ref('int_withheld_groups') }} as withheld
    on
        members.survey = withheld.survey
        and members.year = withheld.year
        and withheld.family = '_respondents'
        and members.breakdown = withheld.breakdown
        and members.group_key = withheld.group_key
