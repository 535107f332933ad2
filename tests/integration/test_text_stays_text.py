"""Labels and ids are data: quotes, newlines, markup and template braces come out as they went in."""

import csv
from pathlib import Path

import pytest

from tests.fast_road import fast_road
from tests.integration.made_survey import Plan, codebook, raw, write_table

LABEL = 'O\'Brien said "é" <script>alert(1)</script> {{ 1 + 1 }} {% raw %}\n=SUM(A1); --, /* 100% */ \\ $x ${y} 🙂'
SURVEY = 'fu\'gl {{ 7 * 7 }} "x"; drop'
ITEM = "sings {% raw %} 'a' \"b\" -- 🙂"
GROUP = "k0 'q' {{ x }}"
INDICATOR = 'sings "yes" {{ 1 }} %s'
BREAKDOWN = "sort'; drop table x; --"


def renamed(rows: list[dict[str, str]], names: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Rows with other ids in some columns."""
    return [{column: names.get(column, {}).get(cell, cell) for column, cell in row.items()} for row in rows]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A made survey with ids and labels that somebody thought out to break things."""
    plan = Plan(7, 2, weighted=True, routed=True, midpoint=False, declared=False)
    items = {"sings": ITEM}
    names = {
        "survey": {"fugl": SURVEY},
        "item": items,
        "source_item": items,
        "items": items,
        "indicator": {"sings_yes": INDICATOR},
        "breakdown": {"sort": BREAKDOWN},
        "source_breakdown": {"sort": BREAKDOWN},
        "group_key": {"k0": GROUP},
    }
    for table, rows in codebook(plan).items():
        for row in rows:
            for column in ("label_no", "label_en", "title_en", "description_en"):
                if column in row and table != "answers":
                    row[column] = f"{LABEL} {row[column]}"
        write_table(tmp_path / "seeds" / "codebook" / f"{table}.csv", renamed(rows, names))
    for year in (2031, 2032):
        write_table(tmp_path / "seeds" / "raw" / f"{SURVEY}_{year}.csv", raw(plan, year))
    return tmp_path / "seeds"


def test_odd_text_comes_out_as_it_went_in(seeds: Path, tmp_path: Path) -> None:
    outcome = fast_road(seeds, tmp_path / "build")
    assert outcome.sentences == ()
    rows = raw(Plan(7, 2, weighted=True, routed=True, midpoint=False, declared=False), 2031)
    total = sum(float(row["vekt"]) for row in rows)
    yes = sum(float(row["vekt"]) for row in rows if row["q3"] == "1")
    found = outcome.rows(
        "select survey, indicator, value from marts.fct_indicators"
        " where year = 2031 and breakdown = 'total' and basis = 'as_published' and indicator like 'sings%'"
    )
    assert found == [(SURVEY, INDICATOR, pytest.approx(100 * yes / total, abs=1e-9))]
    labels = dict(outcome.rows("select item, label_en from marts.dim_item"))
    with (seeds / "codebook" / "items.csv").open(encoding="utf-8", newline="") as file:
        assert labels == {row["item"]: row["label_en"] for row in csv.DictReader(file)}
    groups = outcome.rows(
        "select distinct group_key from marts.fct_composition where breakdown = $$" + BREAKDOWN + "$$"
    )
    assert (GROUP,) in groups
