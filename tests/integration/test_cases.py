"""Mistakes that people make with a codebook, on the fixture survey: each is refused in a sentence, or comes out right.

Values called right are counted here from the raw files by plain Python.
"""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fast_road import Outcome, fast_road

ROOT = Path(__file__).parents[2]
CYCLISTS = ROOT / "tests" / "fixtures" / "cyclists"
Row = dict[str, str]


class Survey:
    """A copy of the fixture survey whose rows can be changed."""

    def __init__(self, folder: Path) -> None:
        self.seeds = Path(shutil.copytree(CYCLISTS, folder / "seeds"))
        self.build = folder / "build"

    def change(self, table: str, change: Callable[[list[Row]], list[Row] | None]) -> None:
        """Change the rows of a codebook file."""
        path = self.seeds / "codebook" / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        names = list(rows[0])
        rows = change(rows) or rows
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(rows)

    def add(self, table: str, **cells: str) -> None:
        """Add a row of the survey."""
        self.change(table, lambda rows: [*rows, {"survey": "cyclists", **cells}])

    def run(self) -> Outcome:
        """Take the survey along the road."""
        return fast_road(self.seeds, self.build)

    def refused(self, *words: str) -> str:
        """The one sentence that refuses the survey, which holds all words."""
        (sentence,) = self.run().sentences
        assert all(word in sentence for word in words), sentence
        return sentence


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    return Survey(tmp_path)


def raw(year: int) -> list[Row]:
    with (CYCLISTS / "raw" / f"cyclists_{year}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weighted_pct(year: int, counts: Callable[[Row], bool]) -> float:
    """Weighted percent of all respondents of a wave for whom something holds."""
    rows = raw(year)
    total = sum(float(row["wgt"]) for row in rows)
    return 100 * sum(float(row["wgt"]) for row in rows if counts(row)) / total


@pytest.mark.parametrize(
    ("indicator", "cells", "words"),
    [
        (
            "helmet_or_light",
            {"item": "gear", "kind": "share", "answers": "helmet|light", "denominator": "answered", "unit": "percent"},
            ["names 2 answers (helmet|light) of item gear of type multi", "exactly one answer", "derivations.csv"],
        ),
        (
            "gear_net",
            {
                "item": "gear",
                "kind": "net",
                "answers": "helmet",
                "negative_answers": "bell",
                "denominator": "answered",
                "unit": "percentage_points",
            },
            ["kind net with denominator answered on item gear of type multi", "do not go together"],
        ),
        (
            "sat_mean_all",
            {"item": "sat", "kind": "mean", "denominator": "answered", "unit": "points"},
            ["kind mean with denominator answered on item sat of type scale", "scale with substantive"],
        ),
        (
            "promoters",
            {"item": "sat", "kind": "nps", "answers": "s9|s10", "denominator": "substantive", "unit": "nps_points"},
            ["kind nps", "needs negative_answers"],
        ),
        (
            "helmet_blank",
            {"item": "gear", "kind": "share", "answers": "helmet", "unit": "percent"},
            ["column denominator is blank", "answered, substantive or position"],
        ),
        (
            "mood_mean",
            {"item": "mood", "kind": "mean", "denominator": "substantive", "unit": "points"},
            ["answer bad is in the base of the mean mood_mean", "no numeric_value"],
        ),
        (
            "helmet_seconds",
            {"item": "gear", "kind": "share", "answers": "helmet", "denominator": "answered", "unit": "seconds"},
            ["unit 'seconds'", "percent"],
        ),
        (
            "two_channels",
            {"item": "split", "kind": "mean", "answers": "bike|walk", "denominator": "answered", "unit": "points"},
            ["names 2 answers (bike|walk) of item split of type allocation", "exactly one answer"],
        ),
    ],
)
def test_what_does_not_go_together_is_refused(survey: Survey, indicator: str, cells: Row, words: list[str]) -> None:
    survey.add("indicators", indicator=indicator, direction="neutral", label_no=indicator, **cells)
    outcome = survey.run()
    assert any(all(word in sentence for word in words) for sentence in outcome.sentences), outcome.sentences


def test_the_union_of_two_options_is_a_derived_item(survey: Survey) -> None:
    """The way out that the sentence names gives the value of the union, counted by plain Python."""
    for answer, operator in (("yes", "any"), ("no", "none")):
        survey.add(
            "derivations",
            item="helmet_or_light",
            answer=answer,
            clause="1",
            source_item="gear",
            operator=operator,
            answers="helmet|light",
        )
    survey.add(
        "items", item="helmet_or_light", type="single", answer_set="yes_no", theme="use", label_no="Hjelm eller lys"
    )
    survey.add(
        "indicators",
        indicator="helmet_or_light",
        item="helmet_or_light",
        kind="share",
        answers="yes",
        denominator="answered",
        unit="percent",
        direction="neutral",
        label_no="Hjelm eller lys",
    )
    outcome = survey.run()
    assert outcome.sentences == ()
    found = outcome.rows(
        "select year, value, base_n from marts.fct_indicators where indicator = 'helmet_or_light' and breakdown = "
        "'total'"
        " and basis = 'as_published' order by year"
    )
    assert found == [
        (year, pytest.approx(weighted_pct(year, lambda row: "1" in (row["m1"], row["m2"])), abs=1e-9), len(raw(year)))
        for year in (2021, 2022, 2023)
    ]


def test_a_filter_that_nobody_registered_is_refused(survey: Survey) -> None:
    survey.change("changes", lambda rows: [row for row in rows if row["change_id"] != "c2"])
    survey.refused("item mood of cyclists", "2022 and 2023", "everybody and universe riders", "filter_narrowed")


def test_a_filter_that_went_away_is_refused_too(survey: Survey) -> None:
    survey.change("changes", lambda rows: [row for row in rows if row["change_id"] != "c2"])
    survey.change("routing", lambda rows: [row | {"year_from": "", "year_to": "2022"} for row in rows])
    survey.refused("item mood of cyclists", "2022 and 2023", "universe riders and everybody")


def test_the_same_universe_of_other_people_is_refused(survey: Survey) -> None:
    """Riders keep their name; the item that makes them is derived from other answers in 2023."""
    survey.add("items", item="rider", type="single", answer_set="yes_no", theme="use", label_no="Rytter")
    for first, last, yes in (("", "2022", "yes"), ("2023", "", "no")):
        other = "no" if yes == "yes" else "yes"
        for answer, source in (("yes", yes), ("no", other)):
            survey.add(
                "derivations",
                item="rider",
                answer=answer,
                clause="1",
                year_from=first,
                year_to=last,
                source_item="rides",
                operator="any",
                answers=source,
            )
    survey.change("universes", lambda rows: [row | {"item": "rider"} for row in rows])
    survey.change("routing", lambda rows: [row | {"year_from": ""} for row in rows])
    survey.change("changes", lambda rows: [row for row in rows if row["change_id"] != "c2"])
    sentences = survey.run().sentences
    assert any("item mood" in found and "whose clauses mean other people" in found for found in sentences), sentences
    assert any("item rider" in found and "derived otherwise in 2023 than in 2022" in found for found in sentences)


def test_a_code_list_from_excel_is_the_same_code_list(survey: Survey) -> None:
    """Semicolons and Windows-1252, as a Norwegian Excel saves a CSV file."""
    path = survey.seeds / "codebook" / "code_lists.csv"
    content = path.read_text(encoding="utf-8")
    assert ";" not in content
    path.write_bytes(content.replace(",", ";").replace("\n", "\r\n").encode("cp1252"))
    outcome = survey.run()
    assert outcome.sentences == ()
    values = outcome.rows(
        "select value from marts.fct_indicators where indicator = 'helmet' and year = 2022 and breakdown = 'total'"
    )
    assert values == [(pytest.approx(weighted_pct(2022, lambda row: row["m1"] == "1"), abs=1e-9),)]


@pytest.mark.parametrize(
    ("cell", "is_read"), [("01.10.2022", True), ("1.10.2022", True), ("10/01/2022", False), ("31.02.2022", False)]
)
def test_a_date_from_excel_is_read_where_it_is_certain(survey: Survey, cell: str, is_read: bool) -> None:
    def set_date(rows: list[Row]) -> None:
        rows[1] |= {"fieldwork_start": cell, "fieldwork_end": "2022-10-20"}

    survey.change("waves", set_date)
    if is_read:
        outcome = survey.run()
        dates = outcome.rows("select cast(fieldwork_start as varchar) from marts.dim_wave where year = 2022")
        assert (outcome.sentences, dates) == ((), [("2022-10-01",)])
    else:
        survey.refused("waves.csv line 3", "fieldwork_start", cell, "year-month-day")


def test_no_share_of_counts_rounds_to_another_whole_percent(survey: Survey) -> None:
    """Unweighted shares are counts over counts: rounded half up by whole numbers they are what the mart rounds to."""
    survey.change("waves", lambda rows: [row | {"weight_column": ""} for row in rows])
    for year in (2021, 2022, 2023):
        path = survey.seeds / "raw" / f"cyclists_{year}.csv"
        rows = raw(year)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [name for name in rows[0] if name != "wgt"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    outcome = survey.run()
    assert outcome.sentences == ()
    shares = outcome.rows("select share_pct, answer_n, base_n from marts.fct_answer_shares where share_pct is not null")
    halves = [(share, n, base) for share, n, base in shares if (200 * n) % base == 0 and (200 * n // base) % 2]
    assert len(halves) > 10
    # 2 * share is a whole number: twice the percent, without any rounding.
    assert [(share, n, base) for share, n, base in halves if 2 * share != 200 * n // base] == []
