"""Every change that the reports, their questionnaires and their notes name, typed by hand, against the published marts.

What is typed: the change, and the mark that each published kind must carry on the wave of the change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from helsemonitor.documents.comparability import Book
from helsemonitor.releases import DATABASE
from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
SURVEYS = {"hp": "helsepersonell", "inn": "innbygger"}

# survey, item, year: changes = marks; an indented line goes on. `share=B` speaks of every indicator of the kind,
# `answers` of the item's answer shares, a full indicator id of one that differs from its kind. An item with no marks is
# not published. Marks: B breaks, D runs on marked, = runs on unmarked, start: nothing before, end: nothing from this
# year on.
EXPECTED = """
# Neutral answer added to the statements on access.
hp  access_involves_patient      2021: option_added = share=B net=D position_share=D answers=B
hp  access_safer_treatment       2021: option_added = share=B net=D position_share=D answers=B
hp  access_needed_info_patient   2021: option_added = share=B net=D position_share=D answers=B

# Neutral answer added to the statements on records and attitudes, don't know renamed.
hp  ehr_easy_to_find             2022: option_added option_relabelled = share=B net=D position_share=D answers=B
hp  ehr_efficiency               2022: option_added option_relabelled = share=B net=D position_share=D answers=B
    ehr_efficiency_neutral=start
hp  ehr_quality                  2022: option_added option_relabelled = share=B net=D position_share=D answers=B
    ehr_quality_neutral=start
hp  digital_easier_contact       2022: option_added option_relabelled = share=B net=D position_share=D answers=B
hp  digital_self_service         2022: option_added option_relabelled = share=B net=D position_share=D answers=B
hp  colleague_direct_easy        2022: option_added option_relabelled = share=B net=D position_share=D answers=B
hp  digital_simplifies_workday   2022: option_added option_relabelled = share=B net=D position_share=D answers=B

# From everybody to 97 % of the sample: a small effect.
hp  ehr_easy_to_find             2023: filter_narrowed = share=D net=D position_share=D answers=D
hp  ehr_efficiency               2023: filter_narrowed = share=D net=D position_share=D answers=D
hp  ehr_quality                  2023: filter_narrowed = share=D net=D position_share=D answers=D
hp  ehr_satisfaction             2023: filter_narrowed = share=D net=D position_share=D answers=D
hp  info_from_others             2023: filter_narrowed = share=D net=D position_share=D answers=D
hp  info_barriers                2023: filter_narrowed = share== answers==
hp  digital_easier_contact       2023: filter_narrowed = share=D net=D position_share=D answers=D

# From everybody to those with patient contact.
hp  last_visit_replaceable       2023: filter_narrowed = share=B answers=B
hp  last_visit_any_digital       2023: filter_narrowed = share=B answers=B
hp  preferred_channel            2023: filter_narrowed = mean=B
    preferred_channel_phone_mean=D preferred_channel_text_mean=D preferred_channel_video_mean=D
hp  preferred_channel            2024: option_added = mean==

# From those who ever held a video consultation to those who use video.
hp  video_satisfaction           2023: filter_question_changed = share=B net=B position_share=B answers=B
hp  video_problem_solved         2023: filter_question_changed option_added = share=B answers=B
    video_problem_solved_no_digital=start
hp  video_consultation_ever      2023: filter_question_changed = share=end answers=end
hp  patient_contact              2023: filter_question_changed = share== answers==

# Shown from 2023.
hp  use_patient_video            2023: filter_narrowed = share=start net=start position_share=start answers=start
hp  use_patient_phone            2023: filter_narrowed = share=start net=start position_share=start answers=start
hp  use_patient_text             2023: filter_narrowed = share=start net=start position_share=start answers=start
hp  trust_confidentiality        2023: wording = share=start net=start position_share=start answers=start
hp  trust_integrity              2023: wording = share=start net=start position_share=start answers=start
hp  trust_availability           2023: wording = share=start net=start position_share=start answers=start
hp  information_security_earlier 2023: wording =

# Barriers: singular to plural and a don't know of its own; free text no longer coded.
hp  info_barriers                2021: option_added wording = share=D answers=B info_barriers_dont_know=B
hp  info_barriers                2024: coding = share=D answers=B info_barriers_other=B

# The section's introduction names example systems.
hp  ehr_easy_to_find             2024: wording = share== net== position_share== answers==
hp  ehr_efficiency               2024: wording = share== net== position_share== answers==
hp  ehr_quality                  2024: wording = share== net== position_share== answers==
hp  ehr_satisfaction             2024: wording = share== net== position_share== answers==

# Who answers, and background.
hp  invitation_version           2024: coding = answers==
hp  target_group                 2023: mode = answers=D
hp  profession                   2021: mode = answers=D
hp  profession                   2023: option_relabelled = answers==
hp  profession                   2024: coding = answers==
hp  field                        2023: option_added = answers=B
hp  sector                       2023: option_relabelled = answers==
hp  sex                          2023: option_added = answers=D
hp  age                          2024: coding =
hp  county                       2020: mode = answers=D
hp  county                       2024: geography = answers=B
hp  health_region                2020: mode = answers=D
hp  health_region                2022: mode = answers=D
hp  health_trust                 2023: option_added = answers==

# Telephone counts as digital from 2020; the first wave ran in another season.
inn contact_services             2020: wording = share=D answers=D
inn contact_any                  2020: wording = share=D answers=D
inn contact_digital              2020: wording = share=D answers=D
inn digital_use_frequency        2020: wording = share=D answers=D
inn digital_use_purpose          2020: wording mode option_added = share=D answers=B
    digital_use_purpose_prescription=B digital_use_purpose_journal_documents=start digital_use_purpose_messages=start
    digital_use_purpose_digital_form=start
inn digital_use_frequency        2023: option_removed option_added = share== answers==

# The GP's digital services: asked apart, then replaced by questions to everybody.
inn gp_online_booking            2024: option_added single_to_multiple = share=B answers=B
    gp_online_booking_via_helsenorge=start gp_online_booking_via_other=start
inn gp_online_booking_any        2024: option_added = share=D answers=D
inn gp_online_booking            2025: filter_question_changed = share=end answers=end
inn gp_online_booking_any        2025: filter_question_changed = share=end answers=end
inn gp_offers_booking            2025: filter_question_changed = share=start answers=start
inn gp_video_used                2025: filter_question_changed = share=end answers=end
inn gp_offers_video              2025: filter_question_changed = share=start answers=start
inn video_outcome                2024: option_added single_to_multiple = share=B answers=B
    video_outcome_new_digital_followup=start
inn video_outcome                2025: filter_question_changed = share== answers==
inn video_satisfaction           2025: filter_question_changed = share== net== position_share== answers==

# Neutral answer added to the attitudes.
inn digital_easier_contact       2023: option_added = share=B net=D position_share=D answers=B
inn digital_as_thorough          2023: option_added = share=B net=D position_share=D answers=B
inn prefer_face_to_face          2023: option_added = share=B net=D position_share=D answers=B
inn digital_self_service         2023: option_added = share=B net=D position_share=D answers=B

# Questions on information security replaced.
inn trust_confidentiality        2023: wording = share=start net=start position_share=start answers=start
inn trust_integrity              2023: wording = share=start net=start position_share=start answers=start
inn trust_availability           2023: wording = share=start net=start position_share=start answers=start
inn infosec_before_2023          2023: wording =

# Helsenorge: renamed, site and app apart, yes split in two, then both can be chosen.
inn helsenorge_heard             2021: wording option_relabelled single_to_multiple = share=B answers=B
    helsenorge_heard_not_heard=D helsenorge_heard_app=start
inn helsenorge_heard_any         2021: single_to_multiple = share== answers==
inn helsenorge_visited           2021: wording = answers=D
inn helsenorge_visited_any       2021: wording = share=D answers=D
inn helsenorge_nps               2021: wording = nps=D share=D answers=D
inn helsenorge_visited           2023: option_added = share=start answers=B
inn helsenorge_visited_any       2023: option_added = share== answers==
inn helsenorge_visited           2024: single_to_multiple = share=B answers=B
inn helsenorge_visited_any       2024: single_to_multiple = share=B answers=B

# Open answers coded by machine, geography, labels.
inn dissatisfied_why             2025: coding = share=start answers=start
inn other_input                  2025: coding = share=start answers=start
inn county                       2024: geography = answers=B
inn region                       2025: geography = answers=D
inn sex                          2021: option_relabelled = answers==
"""


@dataclass(frozen=True)
class Expected:
    """One line of the table."""

    survey: str
    item: str
    year: int
    types: frozenset[str]
    marks: dict[str, str]

    @property
    def id(self) -> str:
        return f"{self.survey}-{self.item}-{self.year}"


def parsed() -> Iterator[Expected]:
    for line in EXPECTED.replace("\n    ", " ").splitlines():
        if line and not line.startswith("#"):
            place, _, rest = line.partition(":")
            types, _, marks = rest.partition(" =")
            survey, item, year = place.split()
            pairs = [mark.split("=", 1) for mark in marks.split()]
            yield Expected(SURVEYS[survey], item, int(year), frozenset(types.split()), dict(pairs))


TABLE = list(parsed())

# Every row of a series and wave, all groups: how many carry a mark, its segment, and what it is compared with.
SERIES_ROWS = """
create temp table marks as
select
    survey, item, kind, series, year, basis,
    count(*) as rows_n,
    count(value) as value_n,
    count(*) filter (where list_contains(letters, 'B')) as b_n,
    count(*) filter (where list_contains(letters, 'D')) as d_n,
    count(*) filter (where list_contains(letters, 'L')) as l_n,
from (
    select
        facts.survey, item, kind, facts.indicator as series, year, basis, value,
        string_split(obs_status_all, '|') as letters,
    from marts.fct_indicators as facts
    inner join marts.dim_indicator using (survey, indicator)
    where source = 'computed' and not list_contains(getvariable('regrouped'), concat(survey, '/', breakdown))
    union all
    select survey, item, 'answers', concat('item:', item), year, basis, share_pct, string_split(obs_status_all, '|')
    from marts.fct_answer_shares
    where not list_contains(getvariable('regrouped'), concat(survey, '/', breakdown))
)
group by all
"""


# Breakdowns made of an item that changed, so that their groups bear its mark on every series: wave, mark and
# groups (none: all that existed before). Everything else in this file speaks of the other breakdowns.
REGROUPED = [
    ("helsepersonell", "county", 2020, "D", ()),
    ("helsepersonell", "county_stable", 2020, "D", ()),
    ("helsepersonell", "county_trondelag", 2020, "D", ()),
    ("helsepersonell", "target_group_x_county_trondelag", 2020, "D", ()),
    ("helsepersonell", "health_region", 2020, "D", ("helse_vest",)),
    ("helsepersonell", "health_region", 2022, "D", ("helse_midt_norge",)),
    ("helsepersonell", "health_region_midt", 2020, "D", ("other_regions",)),
    ("helsepersonell", "health_region_midt", 2022, "D", ("helse_midt_norge",)),
    ("helsepersonell", "health_region_midt_x_profession", 2020, "D", ()),
    ("helsepersonell", "field", 2023, "B", ("somatic", "mental_health", "dont_know")),
    ("helsepersonell", "video_satisfaction", 2023, "B", ()),
    ("helsepersonell", "profession_x_sector_x_field", 2023, "B", ()),
    ("innbygger", "contact_any", 2020, "D", ()),
    ("innbygger", "contact_digital", 2020, "D", ()),
    ("innbygger", "digital_use_frequency", 2020, "D", ()),
    ("innbygger", "prefer_face_to_face", 2023, "B", ()),
    ("innbygger", "digital_easier_contact", 2023, "B", ()),
    ("innbygger", "digital_as_thorough", 2023, "B", ()),
    ("innbygger", "region", 2025, "B", ()),
]
# Asked in every wave, with no change of its own in these years.
UNCHANGED = {"helsepersonell": "overall_satisfaction_satisfied", "innbygger": "preferred_gp_channel_phone"}


VIEWS = (
    "dim_change",
    "dim_indicator",
    "fct_answer_shares",
    "fct_filter_effects",
    "dim_breakdown_group",
    "fct_indicator_changes",
    "fct_indicators",
)


@pytest.fixture(scope="session")
def marts(first: Refresh) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published marts of the shipped seeds, with the marks of each series and wave counted over its groups."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first.release / 'helsemonitor.duckdb'}' as release (read_only)")
        connection.execute("create schema marts")
        for table in VIEWS:
            connection.execute(f"create view marts.{table} as from release.marts.{table}")
        regrouped = [f"{survey}/{breakdown}" for survey, breakdown, *_ in REGROUPED]
        connection.execute(f"set variable regrouped = {regrouped}")
        connection.execute(SERIES_ROWS)
        yield connection


def test_the_table_and_the_register_name_the_same_changes(marts: duckdb.DuckDBPyConnection) -> None:
    registered = marts.execute(
        "select distinct survey, item, year, change_type from marts.dim_change where change_type != 'context_event'"
    ).fetchall()
    typed = [(row.survey, row.item, row.year, change_type) for row in TABLE for change_type in row.types]
    assert len({(row.survey, row.item, row.year) for row in TABLE}) == len(TABLE)
    assert sorted(registered) == sorted(typed)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_a_change_is_in_the_register_and_marked_on_its_wave(row: Expected, marts: duckdb.DuckDBPyConnection) -> None:
    registered = marts.execute(
        "select distinct change_type from marts.dim_change where survey = ? and item = ? and year = ?",
        [row.survey, row.item, row.year],
    ).fetchall()
    assert {change_type for (change_type,) in registered} == row.types
    series = marts.execute(
        "select distinct series, kind from marks where survey = ? and item = ?", [row.survey, row.item]
    ).fetchall()
    assert bool(series) == bool(row.marks)
    found = {}
    for name, kind in series:
        expected = row.marks.get(name, row.marks.get(kind))
        found[name] = (expected, mark_of(marts, row, name))
    wrong = {name: pair for name, pair in found.items() if pair[0] not in (pair[1], None)}
    unexpected = {name: pair for name, pair in found.items() if pair[0] is None and pair[1] != "absent"}
    assert (wrong, unexpected) == ({}, {}), "series: (expected, found)"
    named = {name for name in row.marks if name not in {kind for _, kind in series}}
    assert named <= set(found), "the table names an indicator that is not there"


def mark_of(marts: duckdb.DuckDBPyConnection, row: Expected, series: str) -> str:
    """The mark that every group of a series carries on the wave of a change, on the published basis."""
    waves = marts.execute(
        "select year, rows_n, value_n, b_n, d_n from marks where survey = ? and series = ? and basis = 'as_published'"
        " order by year",
        [row.survey, series],
    ).fetchall()
    before = [wave for wave in waves if wave[0] < row.year and wave[2]]
    after = [wave for wave in waves if wave[0] >= row.year and wave[2]]
    if not before and after and after[0][0] == row.year:
        return "start" if not after[0][3] else "start with B"
    if not after:
        return "end" if before else "absent"
    if not before:
        return "absent"
    year, rows_n, _, b_n, d_n = after[0]
    if year != row.year:
        return f"seen in {year}"
    if b_n == rows_n:
        return "B"
    if d_n == rows_n and not b_n:
        return "D"
    return "=" if not b_n and not d_n else f"{b_n} B and {d_n} D on {rows_n} rows"


@pytest.mark.parametrize("place", [place for place in REGROUPED if "_x_" not in place[1]], ids=str)
def test_groups_of_other_people_bear_the_mark(
    place: tuple[str, str, int, str, tuple[str, ...]], marts: duckdb.DuckDBPyConnection
) -> None:
    survey, breakdown, year, mark, groups = place
    rows = marts.execute(
        "select group_key, list_contains(string_split(obs_status_all, '|'), ?), comparable_with_previous"
        " from marts.fct_indicators where survey = ? and indicator = ? and breakdown = ? and year = ?"
        " and basis = 'as_published' and value is not null",
        [mark, survey, UNCHANGED[survey], breakdown, year],
    ).fetchall()
    assert rows
    for group, is_marked, comparable in rows:
        assert is_marked is (not groups or group in groups), group
        assert comparable is not (mark == "B" and is_marked), group


@pytest.mark.parametrize("item", ["gp_video_used", "gp_online_booking", "gp_online_booking_any"])
def test_telephone_as_digital_contact_changes_who_is_asked(item: str, marts: duckdb.DuckDBPyConnection) -> None:
    """The register tells it of the contact; who had contact with the GP is asked of booking and video."""
    marked = marts.execute(
        "select series, d_n = rows_n from marks"
        " where item = ? and year = 2020 and basis = 'as_published' and value_n > 0",
        [item],
    ).fetchall()
    assert marked
    assert all(is_marked for _, is_marked in marked)


@pytest.mark.parametrize(
    ("survey", "breakdown", "year"),
    [
        ("helsepersonell", "target_group", 2023),
        ("helsepersonell", "target_group", 2024),
        ("helsepersonell", "profession", 2021),
        ("helsepersonell", "doctor_all", 2021),
        ("helsepersonell", "sex", 2023),
        ("helsepersonell", "county_stable", 2024),
        ("innbygger", "region_stable", 2024),
        ("innbygger", "sex", 2021),
    ],
)
def test_groups_that_the_reports_hold_for_unbroken(
    survey: str, breakdown: str, year: int, marts: duckdb.DuckDBPyConnection
) -> None:
    rows = marts.execute(
        "select count(*), count(*) filter (regexp_matches(obs_status_all, 'B|D')) from marts.fct_indicators"
        " where survey = ? and indicator = ? and breakdown = ? and year = ? and value is not null",
        [survey, UNCHANGED[survey], breakdown, year],
    ).fetchone()
    assert rows is not None
    assert rows[0] > 1
    assert rows[1] == 0


def test_the_regions_of_2025_are_not_tested_against_2024(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select count(*), count(p_value), count(*) filter (comparable) from marts.fct_indicator_changes"
        " where survey = 'innbygger' and breakdown = 'region' and year_from = 2024 and year_to = 2025"
        " and series_type = 'indicator'"
    ).fetchone()
    assert rows == (556, 0, 0)


@pytest.mark.parametrize("row", [row for row in TABLE if "B" in row.marks.values()], ids=lambda row: row.id)
def test_segments_grow_and_nothing_is_computed_across_a_break(row: Expected, marts: duckdb.DuckDBPyConnection) -> None:
    """One segment more than the wave before, the change named, every pair across refused in words."""
    kinds = marts.execute(
        "select indicator, kind from marts.dim_indicator where survey = ? and item = ?", [row.survey, row.item]
    ).fetchall()
    for indicator, kind in kinds:
        if row.marks.get(indicator, row.marks.get(kind)) != "B":
            continue
        segments = marts.execute(
            """
            select year, series_segment, comparable_with_previous, change_ids
            from marts.fct_indicators
            where survey = ? and indicator = ? and breakdown = 'total' and basis = 'as_published' and value is not null
            order by year
            """,
            [row.survey, indicator],
        ).fetchall()
        previous = [segment for segment in segments if segment[0] < row.year][-1]
        current = next(segment for segment in segments if segment[0] == row.year)
        assert current[1] == previous[1] + 1
        assert current[2] is False
        ids = marts.execute(
            "select change_id from marts.dim_change where survey = ? and item = ? and year = ?",
            [row.survey, row.item, row.year],
        ).fetchall()
        assert {change_id for (change_id,) in ids} <= set(current[3].split("|"))
        across = marts.execute(
            """
            select count(*), count(change), count(not_comparable_reason), bool_or(comparable)
            from marts.fct_indicator_changes
            where survey = ? and indicator = ? and basis = 'as_published' and year_from < ? and year_to >= ?
            """,
            [row.survey, indicator, row.year, row.year],
        ).fetchone()
        assert across is not None
        assert across[0] > 0
        assert across[1:] == (0, across[0], False)


# Item: waves without like-for-like (L), waves cut down to the newest filter, waves that have it.
LIKE_FOR_LIKE = {
    **{
        ("helsepersonell", item): ((2019, 2020, 2021), (2022,), (2023, 2024))
        for item in (
            "last_visit_replaceable", "last_visit_any_digital", "preferred_channel", "info_from_others",
            "ehr_easy_to_find", "ehr_efficiency", "ehr_quality", "ehr_satisfaction", "digital_easier_contact",
        )
    },
    ("helsepersonell", "video_satisfaction"): ((2019, 2020, 2021, 2022), (), (2023, 2024)),
    ("helsepersonell", "video_problem_solved"): ((2019, 2020, 2021, 2022), (), (2023, 2024)),
    ("innbygger", "video_satisfaction"): ((2019, 2020, 2021, 2022, 2023, 2024), (), (2025,)),
    ("innbygger", "video_outcome"): ((2019, 2020, 2021, 2022, 2023, 2024), (), (2025,)),
}  # fmt: skip


def test_like_for_like_exists_for_the_filtered_items_only(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute("select distinct survey, item from marks where basis = 'like_for_like'").fetchall()
    assert sorted(found) == sorted(LIKE_FOR_LIKE)


@pytest.mark.parametrize("place", LIKE_FOR_LIKE, ids="-".join)
def test_like_for_like_is_rebuilt_or_says_why_not(place: tuple[str, str], marts: duckdb.DuckDBPyConnection) -> None:
    lost, bridges, same = LIKE_FOR_LIKE[place]
    waves = marts.execute(
        "select year, sum(value_n) > 0 as has_value, sum(l_n) > 0 as has_l from marks"
        " where survey = ? and item = ? and basis = 'like_for_like' group by year order by year",
        place,
    ).fetchall()
    assert [year for year, has_value, has_l in waves if has_l and not has_value] == list(lost)
    assert [year for year, has_value, has_l in waves if has_value and not has_l] == [*bridges, *same]
    reasons = marts.execute(
        """
        select distinct status_reason
        from marts.fct_indicators inner join marts.dim_indicator using (survey, indicator)
        where survey = ? and item = ? and basis = 'like_for_like' and contains(obs_status_all, 'L')
        """,
        place,
    ).fetchall()
    assert reasons == [("the item that routes the newest wave was not asked in this wave",)]
    effects = marts.execute(
        "select distinct year from marts.fct_filter_effects inner join marts.dim_indicator using (survey, indicator)"
        " where survey = ? and item = ?",
        place,
    ).fetchall()
    assert [year for (year,) in effects] == list(bridges)


FILTERED = [
    row
    for row in TABLE
    if (row.survey, row.item) in LIKE_FOR_LIKE and all(one.startswith("filter_") for one in row.types)
]


@pytest.mark.parametrize("row", FILTERED, ids=lambda row: row.id)
def test_a_filter_change_leaves_no_mark_on_like_for_like(row: Expected, marts: duckdb.DuckDBPyConnection) -> None:
    marked = marts.execute(
        "select sum(b_n + d_n) from marks where survey = ? and item = ? and basis = 'like_for_like' and year = ?",
        [row.survey, row.item, row.year],
    ).fetchone()
    assert marked == (0,)


# A group has rows in the waves in which it exists, and dim_breakdown_group says which these are. An indicator that
# every wave has stands for all of them.
ANCHORS = {"helsepersonell": "digital_self_service_agree", "innbygger": "contact_digital_yes"}
WAVES = {"helsepersonell": range(2019, 2025), "innbygger": range(2019, 2026)}
MERGED = ("viken", "vestfold_og_telemark", "troms_og_finnmark")
SPLIT = ("akershus", "ostfold", "buskerud", "vestfold", "telemark", "troms", "finnmark")
GROUPS = [
    *[("helsepersonell", "county", group, range(2019, 2024)) for group in MERGED],
    *[("helsepersonell", "county", group, [2024]) for group in SPLIT],
    ("helsepersonell", "county", "trondelag", range(2019, 2025)),
    *[
        ("helsepersonell", "county_stable", group, range(2019, 2025))
        for group in ("viken_area", "vestfold_og_telemark", "nord_norge", "more_og_romsdal", "trondelag")
    ],
    *[("helsepersonell", "field", group, [2023, 2024]) for group in ("both", "other")],
    *[("helsepersonell", "field", group, range(2019, 2025)) for group in ("somatic", "mental_health")],
    *[("helsepersonell", "sex", group, [2023, 2024]) for group in ("other", "refused")],
    ("helsepersonell", "doctor_all", "doctor", range(2019, 2025)),
    ("helsepersonell", "health_region", "helse_midt_norge", range(2019, 2025)),
    ("helsepersonell", "region", "oslo_akershus", [2024]),
    *[("innbygger", "county", group, range(2019, 2024)) for group in MERGED],
    *[("innbygger", "county", group, [2024, 2025]) for group in SPLIT],
    *[
        ("innbygger", "region_stable", group, range(2019, 2026))
        for group in ("oslo", "ostlandet_outside_oslo", "sorlandet_vestlandet", "midt_norge", "nord_norge")
    ],
    *[("innbygger", "age_group", group, range(2019, 2026)) for group in ("under_30", "30_44", "45_59", "60_plus")],
    ("innbygger", "health_region", "helse_nord", range(2019, 2026)),
]  # fmt: skip


@pytest.mark.parametrize(("survey", "breakdown", "group", "years"), GROUPS)
def test_a_group_has_rows_in_its_years_only(
    survey: str, breakdown: str, group: str, years: list[int], marts: duckdb.DuckDBPyConnection
) -> None:
    rows = marts.execute(
        "select year, base_n is not null from marts.fct_indicators"
        " where survey = ? and indicator = ? and breakdown = ? and group_key = ? and source = 'computed' order by year",
        [survey, ANCHORS[survey], breakdown, group],
    ).fetchall()
    assert rows == [(year, True) for year in years]
    span = marts.execute(
        "select year_from, year_to from marts.dim_breakdown_group where survey = ? and breakdown = ? and group_key = ?",
        [survey, breakdown, group],
    ).fetchall()
    newest = WAVES[survey][-1]
    assert [(first or years[0], last or newest) for first, last in span] == [(years[0], years[-1])]


MIDT = [
    ("health_region", "helse_midt_norge"),
    ("health_region_midt", "helse_midt_norge"),
    ("county", "trondelag"),
    ("county", "more_og_romsdal"),
    ("county_stable", "trondelag"),
    ("county_stable", "more_og_romsdal"),
    ("county_trondelag", "trondelag"),
]
ELSEWHERE = [("total", "total"), ("health_region", "helse_vest"), ("county", "oslo"), ("county_trondelag", "elsewhere")]


@pytest.mark.parametrize(
    ("survey", "breakdown", "group", "years"),
    [
        *[("helsepersonell", *place, range(2020, 2025)) for place in MIDT],
        *[("helsepersonell", *place, [2020, 2021]) for place in ELSEWHERE],
        ("innbygger", "total", "total", [2020, 2021]),
        ("innbygger", "health_region", "helse_midt_norge", [2020, 2021]),
    ],
)
def test_context_events_stand_beside_values(
    survey: str, breakdown: str, group: str, years: list[int], marts: duckdb.DuckDBPyConnection
) -> None:
    """The pandemic everywhere in 2020-2021, the new record system in central Norway in 2022-2024; no segment starts."""
    marked = marts.execute(
        "select distinct year from marts.fct_indicators where survey = ? and breakdown = ? and group_key = ?"
        " and value is not null and list_contains(string_split(obs_status_all, '|'), 'S') order by year",
        [survey, breakdown, group],
    ).fetchall()
    assert [year for (year,) in marked] == list(years)
    named = marts.execute(
        "select count(*) from marts.fct_indicators inner join marts.dim_change as events"
        " on events.change_type = 'context_event' and list_contains(string_split(change_ids, '|'), events.change_id)"
    ).fetchone()
    assert named == (0,)


def test_an_abrupt_step_without_a_named_break_is_no_break(marts: duckdb.DuckDBPyConnection) -> None:
    """Preferred channel at the GP: physical falls by 16 points in 2025; the report names no change of the question."""
    marks = marts.execute(
        "select sum(b_n + d_n), sum(value_n) > 0 from marks"
        " where survey = 'innbygger' and item = 'preferred_gp_channel'"
    ).fetchone()
    assert marks == (0, True)


def test_the_document_names_the_waves_that_can_be_rebuilt(first: Refresh) -> None:
    """docs/comparability.md reads the marts; what it says of like-for-like is what is known by hand."""
    book = Book(first.release / DATABASE)
    for survey in SURVEYS.values():
        for page in book.pages(survey):
            expected = LIKE_FOR_LIKE.get((survey, page.row["item"]), ((), (), ()))
            assert (tuple(page.lost), tuple(page.bridges)) == expected[:2], page.row["item"]
