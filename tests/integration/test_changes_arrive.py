"""What is registered arrives: at derived and at routed items, at groups and crosses; no definition moves unseen.

Each survey is the fixture with a few rows changed. Values that are called right are counted here from the raw files, in
plain Python, with the recodes typed by hand.
"""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fast_road import Outcome, fast_road

FIXTURE = Path(__file__).parents[1] / "fixtures" / "cyclists"
YEARS = (2021, 2022, 2023)
# An indicator that changes of other items reach through groups alone; its own scale changed in 2022.
GROUPED = "sat_nps"
SMALL = {"assessed_impact": "possible"}
Row = dict[str, str]


@dataclass(frozen=True)
class Survey:
    """A copy of the fixture survey to be changed.

    Args:
        folder: Its seeds.
    """

    folder: Path

    def _edit(self, path: Path, change: Callable[[list[Row]], list[Row]], *, gone: str = "") -> None:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = change(list(reader))
            names = [name for name in reader.fieldnames or [] if name != gone]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, extrasaction="ignore", restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def add(self, file: str, **cells: object) -> None:
        """Add a row to a file of the codebook."""
        row = {"survey": "cyclists"} | {name: str(cell) for name, cell in cells.items()}
        self._edit(self.folder / "codebook" / f"{file}.csv", lambda rows: [*rows, row])

    def set(self, file: str, where: Row, **cells: object) -> None:
        """Change cells of the rows of a codebook file that hold the given ones."""

        def change(rows: list[Row]) -> list[Row]:
            found = [row for row in rows if where.items() <= row.items()]
            assert found, (file, where)
            for row in found:
                row.update({name: str(cell) for name, cell in cells.items()})
            return rows

        self._edit(self.folder / "codebook" / f"{file}.csv", change)

    def drop(self, file: str, **where: str) -> None:
        """Take rows out of a codebook file."""
        self._edit(
            self.folder / "codebook" / f"{file}.csv",
            lambda rows: [row for row in rows if not where.items() <= row.items()],
        )

    def drop_column(self, year: int, name: str) -> None:
        """Take a column out of a raw file."""
        self._edit(self.raw(year), lambda rows: rows, gone=name)

    def raw(self, year: int) -> Path:
        """A raw file."""
        return self.folder / "raw" / f"cyclists_{year}.csv"

    def change(self, change_id: str, items: str, year: int, change_type: str, **cells: object) -> None:
        """Register a change."""
        told = {"assessed_impact": "break", "description_en": f"Told by {change_id}.", "description_no": "Sagt."}
        self.add("changes", change_id=change_id, items=items, year=year, change_type=change_type, **told | cells)

    def keep(self, year: int, item_column: str, asked: Callable[[Row], bool]) -> None:
        """Leave a column blank for whoever is not asked."""

        def change(rows: list[Row]) -> list[Row]:
            return [row if asked(row) else row | {item_column: ""} for row in rows]

        self._edit(self.raw(year), change)

    def without_option(self, column: str, year: int) -> None:
        """The newest wave does not offer an option."""
        self.set("columns", {"column_name": column}, year_to=year - 1)
        self.drop_column(year, column)

    def indicator(self, item: str, answers: str, kind: str = "share", **cells: object) -> str:
        """Declare an indicator, `<item>_<first answer>`."""
        name = f"{item}_{answers.split('|')[0]}"
        told = {
            "denominator": "answered",
            "unit": "percent",
            "direction": "neutral",
            "label_no": name,
            "label_en": name,
        }
        self.add("indicators", indicator=name, item=item, kind=kind, answers=answers, **told | cells)
        return name

    def allow_blanks(self, item: str) -> None:
        """Many who were asked may leave an item blank."""
        self.add(
            "limits", check_name="blank_share", name=item, value=100, unit="percent", since="2026-01-01", reason="x"
        )

    def run(self) -> "Marts":
        """Take the survey along the road, which must not refuse it."""
        outcome = fast_road(self.folder, self.folder.parent / "build")
        assert not outcome.sentences, outcome.sentences
        return Marts(outcome)


@dataclass(frozen=True)
class Marts:
    """What came out."""

    outcome: Outcome

    def waves(
        self, indicator: str, place: str = "total:total", basis: str = "as_published"
    ) -> dict[int, dict[str, Any]]:
        """Rows of an indicator by year."""
        breakdown, _, group = place.partition(":")
        names = (
            "value",
            "obs_status",
            "series_segment",
            "comparable_with_previous",
            "change_ids",
            "status_reason",
            "base_n",
        )
        rows = self.outcome.tables.execute(
            f"select year, {', '.join(names)} from marts.fct_indicators"
            " where indicator = ? and breakdown = ? and group_key = ? and basis = ? order by year",
            [indicator, breakdown, group, basis],
        ).fetchall()
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}

    def statuses(self, indicator: str, place: str = "total:total", basis: str = "as_published") -> str:
        """Statuses of an indicator, a letter a wave."""
        return "".join(row["obs_status"] for _, row in sorted(self.waves(indicator, place, basis).items()))

    def pairs(
        self, indicator: str, place: str = "total:total", basis: str = "as_published"
    ) -> dict[tuple[int, int], Any]:
        """Per pair of waves: whether comparable, why not, the p-value and both values."""
        breakdown, _, group = place.partition(":")
        rows = self.outcome.tables.execute(
            "select year_from, year_to, comparable, not_comparable_reason, p_value, value_from, value_to"
            " from marts.fct_indicator_changes where indicator = ? and breakdown = ? and group_key = ? and basis = ?",
            [indicator, breakdown, group, basis],
        ).fetchall()
        return {row[:2]: row[2:] for row in rows}


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    shutil.copytree(FIXTURE, tmp_path / "seeds")
    return Survey(tmp_path / "seeds")


def share(year: int, counts: Callable[[Row], bool], among: Callable[[Row], bool] = lambda row: True) -> float:
    """Weighted per cent of a raw file's respondents."""
    rows = [row for row in read(FIXTURE / "raw" / f"cyclists_{year}.csv") if among(row)]
    return 100 * sum(float(row["wgt"]) for row in rows if counts(row)) / sum(float(row["wgt"]) for row in rows)


def any_of(*columns: str) -> Callable[[Row], bool]:
    """Whether one of the boxes was ticked."""
    return lambda row: any(row[column] == "1" for column in columns)


def test_a_derived_item_outlives_one_of_its_parts(survey: Survey) -> None:
    """The change of the source arrives; the same two options went from 75.637 to 69.481."""
    survey.without_option("m1", 2023)
    survey.change("c9", "gear", 2023, "option_removed", breaks="share")
    name = survey.indicator("any_gear", "yes")
    marts = survey.run()
    waves = marts.waves(name)
    assert waves[2022]["value"] == pytest.approx(share(2022, any_of("m1", "m2", "m3")))
    assert waves[2023]["value"] == pytest.approx(share(2023, any_of("m2", "m3"))) == pytest.approx(69.48106, abs=1e-5)
    assert share(2022, any_of("m2", "m3")) == pytest.approx(75.63680, abs=1e-5)
    assert marts.statuses(name) == "AAB"
    assert [waves[year]["series_segment"] for year in YEARS] == [1, 1, 2]
    assert waves[2023]["change_ids"] == "c9"
    assert marts.pairs(name)[2022, 2023][:3] == (False, "2023: Told by c9.", None)
    assert marts.pairs(name)[2021, 2022][0] is True
    across = marts.outcome.rows(
        "select count(*) from marts.fct_distribution_tests"
        " where item = 'any_gear' and test_kind = 'waves' and year_to = 2023"
    )
    assert across == [(0,)]


@pytest.mark.parametrize("cells", [{"assessed_impact": "none"}, {"assessed_impact": "possible"}])
def test_an_option_gone_is_never_passed_over(survey: Survey, cells: Row) -> None:
    """The register holds the change for small, but of the derived item it says nothing."""
    survey.without_option("m2", 2023)
    survey.change("c9", "gear", 2023, "option_removed", **cells)
    name = survey.indicator("any_gear", "no")
    marts = survey.run()
    assert marts.statuses(name) == "AAB"
    comparable, reason, p_value, *_ = marts.pairs(name)[2022, 2023]
    assert (comparable, p_value) == (False, None)
    assert reason.endswith((": light.", "c9."))
    assert marts.waves(name)[2023]["change_ids"] == "c9"


@pytest.mark.parametrize(
    ("column", "judged", "expected"),
    [("unaffected_items", "any_gear", "AAA"), ("unaffected_indicators", "any_gear_yes", "AAD")],
)
def test_a_person_may_judge_otherwise(survey: Survey, column: str, judged: str, expected: str) -> None:
    survey.without_option("m3", 2023)
    survey.change("c9", "gear", 2023, "option_removed", breaks="share", **{column: judged})
    name = survey.indicator("any_gear", "yes")
    marts = survey.run()
    assert marts.statuses(name) == expected
    assert marts.pairs(name)[2022, 2023][0] is True


def test_a_row_of_the_derived_items_own_is_a_judgement(survey: Survey) -> None:
    survey.without_option("m3", 2023)
    survey.change("c9", "gear", 2023, "option_removed", breaks="share", unaffected_items="any_gear")
    survey.change("c8", "any_gear", 2023, "option_removed", assessed_impact="possible")
    name = survey.indicator("any_gear", "yes")
    assert survey.run().statuses(name) == "AAD"


def test_a_derived_item_without_any_part_has_no_value(survey: Survey) -> None:
    """Nothing is left of what it is made of: no share of nought."""
    survey.set("derivations", {"item": "any_gear"}, answers="helmet")
    survey.without_option("m1", 2023)
    survey.change("c9", "gear", 2023, "option_removed", breaks="share")
    name = survey.indicator("any_gear", "yes")
    marts = survey.run()
    waves = marts.waves(name)
    assert {year: waves[year]["obs_status"] for year in waves if waves[year]["value"] is None} in ({}, {2023: "L"})
    assert [year for year in waves if waves[year]["value"] is not None] == [2021, 2022]
    assert marts.outcome.rows("select count(*) from marts.fct_cells where item = 'any_gear' and year = 2023") == [(0,)]


@pytest.mark.parametrize(("cells", "item", "routed"), [({"breaks": "share"}, "AAB", "ADB"), (SMALL, "AAD", "ADD")])
def test_other_clauses_are_what_the_register_says(survey: Survey, cells: Row, item: str, routed: str) -> None:
    """The codebook derives it from other answers from 2023 on, and who is asked another item rests on it."""
    survey.set("derivations", {"item": "any_gear"}, year_to=2022)
    for answer, operator in (("yes", "any"), ("no", "none")):
        survey.add("derivations", item="any_gear", answer=answer, clause=1, year_from=2023, source_item="gear",
                   operator=operator, answers="light|bell")  # fmt: skip
    survey.add("universes", universe="equipped", clause=1, item="any_gear", operator="any", answers="yes")
    survey.drop("routing", item="mood")
    survey.drop("changes", change_id="c2")
    survey.add("routing", item="mood", year_from=2021, universe="equipped")
    survey.drop("universes", universe="riders")
    for year in YEARS:
        parts = ("m2", "m3") if year == 2023 else ("m1", "m2", "m3")
        survey.keep(year, "mood", any_of(*parts))
    survey.allow_blanks("mood")
    name = survey.indicator("any_gear", "yes")
    survey.change("c8", "any_gear", 2023, "coding", **cells)
    survey.change("c9", "mood", 2023, "filter_narrowed", assessed_impact="possible")
    marts = survey.run()
    assert marts.statuses(name) == item
    # Other people are asked, so that the net breaks with the share of those who route it.
    assert marts.statuses("mood_good_net") == routed
    assert marts.waves("mood_good_net")[2023]["change_ids"] == "c8|c9"
    assert marts.pairs("mood_good_net")[2022, 2023][0] is (cells == SMALL)


def test_an_option_gone_from_a_universe(survey: Survey) -> None:
    """Who owns a helmet and no light was asked in 2022 and is not in 2023, under the same name of the universe."""
    survey.without_option("m1", 2023)
    survey.change("c9", "gear", 2023, "option_removed", assessed_impact="none")
    survey.drop("changes", change_id="c2")
    survey.drop("routing", item="mood")
    survey.drop("universes", universe="riders")
    survey.add("universes", universe="seen", clause=1, item="gear", operator="any", answers="helmet|light")
    survey.add("routing", item="mood", year_from=2021, universe="seen")
    for year in YEARS:
        survey.keep(year, "mood", any_of("m2") if year == 2023 else any_of("m1", "m2"))
    survey.allow_blanks("mood")
    marts = survey.run()
    assert marts.statuses("mood_good_net") == "ADB"
    assert "helmet" in marts.pairs("mood_good_net")[2022, 2023][1]
    assert marts.waves("mood_good_net")[2023]["change_ids"] == "c9"


@pytest.mark.parametrize("source", ["any_gear", "gear_kind"])
def test_an_option_gone_from_a_group(survey: Survey, source: str) -> None:
    """Groups of a derived item, or of the item itself, that name an answer which the newest wave does not offer."""
    if source == "any_gear":
        survey.without_option("m1", 2023)
        survey.change("c9", "gear", 2023, "option_removed", assessed_impact="none")
        groups, lost = {"yes": "yes", "no": "no"}, "helmet"
    else:
        survey.add("code_lists", code_list="sex3", code="F", answer="f", label="Kvinne")
        survey.set("columns", {"column_name": "s3"}, code_list="sex3")
        survey.keep(2023, "s3", lambda row: row["s3"] == "F")
        survey.allow_blanks("sex")
        survey.change("c9", "sex", 2023, "option_removed", assessed_impact="none")
        source, groups, lost = "sex", {"yes": "f|m"}, "m"
    for order, (group, answers) in enumerate(groups.items()):
        survey.add("breakdowns", breakdown="rider", group_key=group, source_item=source, answers=answers,
                   sort_order=order, label_no=group, label_en=group)  # fmt: skip
    marts = survey.run()
    assert marts.statuses(GROUPED, "rider:yes") == "ABB"
    assert marts.pairs(GROUPED, "rider:yes")[2022, 2023][1] == (
        f"2023: Not both waves offer every answer that it is made of: {lost}."
    )
    assert marts.waves(GROUPED, "rider:yes")[2023]["change_ids"] == "c9"
    assert marts.statuses(GROUPED) == "ABA"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [({"assessed_impact": "none"}, "AAB"), (SMALL, "AAD"), ({"breaks": "share"}, "AAB")],
)
@pytest.mark.parametrize("column", ["m1", "m2"])
def test_an_indicator_of_answers_that_are_partly_offered(
    survey: Survey, column: str, cells: Row, expected: str
) -> None:
    """The register says what becomes of it; a row that says nothing of it does not let it pass."""
    survey.set("items", {"item": "gear"}, type="single")
    survey.drop("derivations", item="any_gear")
    survey.drop("items", item="any_gear")
    survey.drop("indicators", item="gear")
    survey.drop("columns", item="gear")
    survey.drop("code_lists", code_list="selected")
    survey.add("columns", column_name="gear", year_from=2021, year_to=2022, item="gear", code_list="gear4")
    survey.add("columns", column_name="gear", year_from=2023, item="gear", code_list="gear3")
    options = {"m1": "helmet", "m2": "light", "m3": "bell", "m9": "none"}
    for code, answer in options.items():
        for code_list in ("gear4", *(["gear3"] if code != column else [])):
            survey.add("code_lists", code_list=code_list, code=code, answer=answer, label=answer)
    for year in YEARS:
        offered = [code for code in options if year < 2023 or code != column]
        rows = read(survey.raw(year))
        with survey.raw(year).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*(name for name in rows[0] if name not in options), "gear"],
                                    extrasaction="ignore", lineterminator="\n")  # fmt: skip
            writer.writeheader()
            writer.writerows(row | {"gear": offered[number % len(offered)]} for number, row in enumerate(rows))
    survey.change("c9", "gear", 2023, "option_removed", **cells)
    name = survey.indicator("gear", "helmet|light")
    assert survey.run().statuses(name) == expected


def test_a_change_of_the_routing_item_changes_who_is_asked(survey: Survey) -> None:
    survey.drop("changes", change_id="c2")
    survey.set("routing", {"item": "mood"}, year_from=2021)
    for year in YEARS:
        survey.keep(year, "mood", rider)
    survey.change("c9", "rides", 2023, "wording", breaks="share")
    marts = survey.run()
    for indicator, expected in (("mood_good", "ABB"), ("mood_good_net", "ADB"), ("sat_nps", "ABA")):
        assert marts.statuses(indicator) == expected
    assert marts.waves("mood_good_net")[2023]["change_ids"] == "c9"
    assert marts.pairs("mood_good_net")[2022, 2023][:3] == (False, "2023: Told by c9.", None)


def test_a_change_before_the_routing_changes_nobody(survey: Survey) -> None:
    survey.change("c9", "rides", 2022, "wording", breaks="share")
    marts = survey.run()
    assert marts.statuses("mood_good_net") == "ADB"
    assert marts.waves("mood_good_net")[2022]["change_ids"] == "c1"


@pytest.mark.parametrize(
    ("item", "cells", "reached", "spared"),
    [
        ("sex", {"breaks": "share"}, {"sex:f", "sex:m", "sex_x_age:f__old", "sex_x_age:m__young"}, {"age_group:old"}),
        ("age", {"breaks": "mean"}, {"age_group:old", "age_group:young", "sex_x_age:f__old"}, {"sex:f"}),
        (
            "sex",
            {"breaks": "share", "scope": "sex:f"},
            {"sex:f", "sex_x_age:f__old", "sex_x_age:f__young"},
            {"sex:m", "sex_x_age:m__old", "age_group:young"},
        ),
        (
            "age",
            {"breaks": "mean", "unaffected_breakdowns": "age_group:old"},
            {"age_group:young", "sex_x_age:m__young"},
            {"age_group:old", "sex_x_age:m__old"},
        ),
        ("sex", {"breaks": "share", "unaffected_breakdowns": "sex"}, set(), {"sex:f", "sex:m", "sex_x_age:f__old"}),
    ],
)
def test_groups_of_a_changed_item(survey: Survey, item: str, cells: Row, reached: set[str], spared: set[str]) -> None:
    """Other people stand behind the name of the group, so that every kind of value breaks there, and nowhere else."""
    survey.change("c9", item, 2023, "coding", **cells)
    marts = survey.run()
    assert marts.statuses(GROUPED) == "ABA"
    for place in reached:
        assert marts.statuses(GROUPED, place) == "ABB", place
        waves = marts.waves(GROUPED, place)
        assert [waves[year]["series_segment"] for year in YEARS] == [1, 2, 3]
        assert (waves[2023]["change_ids"], waves[2023]["comparable_with_previous"]) == ("c9", False)
        assert marts.pairs(GROUPED, place)[2022, 2023][:3] == (False, "2023: Told by c9.", None)
    for place in spared:
        assert marts.statuses(GROUPED, place) == "ABA", place
        assert marts.pairs(GROUPED, place)[2022, 2023][0] is True


def test_a_possible_change_marks_groups_and_new_borders_part_them(survey: Survey) -> None:
    survey.change("c8", "sex", 2022, "mode", assessed_impact="possible")
    survey.change("c9", "sex", 2023, "geography", assessed_impact="possible")
    marts = survey.run()
    assert marts.statuses("helmet", "sex:f") == "ADB"
    assert marts.pairs("helmet", "sex:f")[2021, 2022][0] is True
    assert marts.pairs("helmet", "sex:f")[2022, 2023][0] is False
    assert marts.statuses("helmet") == "AAA"


def three_filters(survey: Survey, *, late_item: bool) -> None:
    """Everybody is asked in 2021, riders in 2022, the young in 2023; who is young is asked from 2022 or from 2023."""
    survey.drop("changes", change_id="c2")
    survey.drop("routing", item="mood")
    survey.add("items", item="young_rider", question_no=9, type="single", answer_set="yes_no", theme="use",
               label_no="Ung", label_en="Young")  # fmt: skip
    survey.add("universes", universe="young_riders", clause=1, item="young_rider", operator="any", answers="yes")
    survey.add("universes", universe="young_riders", clause=2, item="rides", operator="any", answers="yes")
    survey.add("routing", item="mood", year_from=2022, year_to=2022, universe="riders")
    survey.add("routing", item="mood", year_from=2023, universe="young_riders")
    for change_id, year in (("f22", 2022), ("f23", 2023)):
        survey.change(change_id, "mood", year, "filter_narrowed", breaks="share|net|position_share")
    first = 2023 if late_item else 2022
    survey.add("columns", column_name="young", year_from=first, item="young_rider", code_list="yn")
    asked = {2022: rider, 2023: young_rider}
    for year in asked:
        with survey.raw(year).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with survey.raw(year).open("w", encoding="utf-8", newline="") as file:
            names = [*rows[0], "young"] if year >= first else list(rows[0])
            writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for row in rows:
                if not asked[year](row):
                    row["mood"] = ""
                writer.writerow(row | {"young": "Y" if int(row["a"]) <= 39 else "N"})


def rider(row: Row) -> bool:
    return row["ride"] == "Y" and bool(row["mood"])


def young_rider(row: Row) -> bool:
    return rider(row) and int(row["a"]) <= 39


def net(survey: Survey, year: int, among: Callable[[Row], bool]) -> float:
    """Agree minus disagree, weighted, in percentage points."""
    rows = [row for row in read(survey.raw(year)) if among(row)]
    score = {"C": 1, "D": 1, "A": -1, "B": -1}
    weighted = sum(float(row["wgt"]) * score.get(row["mood"], 0) for row in rows)
    return 100 * weighted / sum(float(row["wgt"]) for row in rows)


@pytest.mark.parametrize("late_item", [True, False])
def test_like_for_like_between_any_two_universes(survey: Survey, late_item: bool) -> None:
    """2021 is cut down to the riders of 2022 though nobody knows its young; 2022 to the young, if it asked for them."""
    three_filters(survey, late_item=late_item)
    marts = survey.run()
    waves = marts.waves("mood_good_net", basis="like_for_like")
    of_2022 = net(survey, 2022, rider if late_item else young_rider)
    expected = {2021: net(survey, 2021, rider), 2022: of_2022, 2023: net(survey, 2023, young_rider)}
    assert {year: row["value"] for year, row in waves.items()} == pytest.approx(expected)
    # Where neighbours stand on different universes the basis has a segment more.
    assert [waves[year]["series_segment"] for year in YEARS] == ([1, 1, 2] if late_item else [1, 2, 2])
    pairs = marts.pairs("mood_good_net", basis="like_for_like")
    # The pair of 2021 and 2022 is of riders in either case, whatever 2022 is cut down to for the sake of 2023.
    comparable, reason, _, *both = pairs[2021, 2022]
    assert (comparable, reason) == (True, None)
    assert both == pytest.approx([net(survey, 2021, rider), net(survey, 2022, rider)])
    assert pairs[2022, 2023][0] is not late_item
    assert pairs[2021, 2023][0] is False
    # The share breaks in 2022 for its midpoint, on every basis.
    assert marts.pairs("mood_good", basis="like_for_like")[2021, 2022][:2] == (False, "2022: A midpoint was added.")
    effects = marts.outcome.rows(
        "select year, as_published_n, like_for_like_n from marts.fct_filter_effects"
        " where indicator = 'mood_good_net' and breakdown = 'total' order by year"
    )
    assert [year for year, *_ in effects] == ([2021] if late_item else [2021, 2022])
    assert effects[0][2] == sum(1 for row in read(survey.raw(2021)) if rider(row))


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_register_without_the_columns_of_judgement(survey: Survey) -> None:
    changes = survey.folder / "codebook" / "changes.csv"
    for column in ("unaffected_indicators", "unaffected_items", "unaffected_breakdowns", "scope"):
        survey._edit(changes, lambda rows: rows, gone=column)
    assert survey.run().statuses("mood_good") == "ABB"
