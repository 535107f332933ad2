{{ config(enabled=target.type == 'spark') }}
-- Grain: one row per survey, year, respondent and group, crosses left out: a step of int_group_members.
select survey, year, respondent_no, group_no
from (
    {{ members_by_answer() | indent }}
) as members
