"""A survey that is neither Norwegian nor Likert runs the whole road from a seeds folder of its own.

Other column names per wave, letters as codes, an eleven-point scale in place of five points, weights, a filter that
narrows; no other survey, no comparison and no printed result beside it. The same code publishes it.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests" / "fixtures" / "cyclists"
OTHERS = ("surveys", "waves", "items", "indicators", "breakdowns", "comparisons", "figures")


@pytest.fixture(scope="module")
def published(cyclists: Refresh) -> Path:
    """The release that `helsemonitor refresh` publishes from the fixture's seeds."""
    return cyclists.release


@pytest.fixture(scope="module")
def marts(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(published / "helsemonitor.duckdb"), read_only=True) as connection:
        yield connection


def cells(seeds: Path, name: str, column: str) -> set[str]:
    with (seeds / "codebook" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[column] for row in csv.DictReader(file)}


def test_the_fixture_is_another_survey() -> None:
    """Nothing of the shipped codebook is in it, nothing printed, nothing to compare."""
    for name, column in (("surveys", "survey"), ("indicators", "indicator"), ("code_lists", "code_list")):
        shared = cells(FIXTURE, name, column) & cells(ROOT / "seeds", name, column)
        assert shared <= {"selected"}
    assert cells(FIXTURE, "code_lists", "code") >= {"F", "M", "Y", "N", "X"}
    assert not cells(FIXTURE, "comparisons", "comparison")
    for path in sorted((FIXTURE / "published").iterdir()):
        assert path.read_text(encoding="utf-8").count("\n") == 1, f"{path.name} holds a header only"


def test_no_other_survey_is_in_the_release(marts: duckdb.DuckDBPyConnection) -> None:
    """Every mart with a survey holds this one; every text of the release is free of the shipped surveys' names."""
    tables = marts.execute(
        "select table_name, list(column_name) from duckdb_columns() where schema_name = 'marts' group by table_name"
    ).fetchall()
    assert {"fct_indicators", "fct_answer_shares", "fct_filter_effects", "fct_indicator_changes"} <= {
        table for table, _ in tables
    }
    shipped = sorted(cells(ROOT / "seeds", "surveys", "survey"))
    for table, columns in tables:
        if "survey" in columns:
            assert set(marts.execute(f"select distinct survey from marts.{table}").fetchall()) <= {("cyclists",)}, table
        for name in shipped:
            found = marts.execute(
                f"select count(*) from marts.{table} as row where contains(row::varchar, ?)", [name]
            ).fetchone()
            assert found == (0,), (table, name)


def test_segments_and_marks(marts: duckdb.DuckDBPyConnection) -> None:
    """A midpoint in 2022 breaks the share, riders only in 2023 break all three kinds, the new scale mean and NPS."""
    rows = marts.execute(
        "select indicator, basis, list(series_segment order by year), list(obs_status order by year)"
        " from marts.fct_indicators where breakdown = 'total' group by all order by all"
    ).fetchall()
    assert rows == [
        ("bike_mean", "as_published", [1, 1, 1], ["A", "A", "A"]),
        ("helmet", "as_published", [1, 1, 1], ["A", "A", "A"]),
        ("mood_good", "as_published", [1, 2, 3], ["A", "B", "B"]),
        ("mood_good", "like_for_like", [1, 2, 2], ["A", "B", "A"]),
        ("mood_good_net", "as_published", [1, 1, 2], ["A", "D", "B"]),
        ("mood_good_net", "like_for_like", [1, 1, 1], ["A", "D", "A"]),
        ("mood_good_position", "as_published", [1, 1, 2], ["A", "D", "B"]),
        ("mood_good_position", "like_for_like", [1, 1, 1], ["A", "D", "A"]),
        ("sat_mean", "as_published", [1, 2, 2], ["A", "B", "A"]),
        ("sat_nps", "as_published", [1, 2, 2], ["A", "B", "A"]),
    ]


def test_changes_are_computed_within_segments_only(marts: duckdb.DuckDBPyConnection) -> None:
    """The net of everybody runs from 2021 to 2022; on like-for-like the share runs from 2022 to 2023."""
    rows = marts.execute(
        "select indicator, basis, year_from, year_to, comparable, change is not null, not_comparable_reason"
        " from marts.fct_indicator_changes where breakdown = 'total' and indicator in ('mood_good', 'mood_good_net')"
        " and year_to - year_from = 1 order by indicator, basis, year_from"
    ).fetchall()
    midpoint, riders = "2022: A midpoint was added.", "2023: Only those who rode last month."
    assert rows == [
        ("mood_good", "as_published", 2021, 2022, False, False, midpoint),
        ("mood_good", "as_published", 2022, 2023, False, False, riders),
        ("mood_good", "like_for_like", 2021, 2022, False, False, midpoint),
        ("mood_good", "like_for_like", 2022, 2023, True, True, None),
        ("mood_good_net", "as_published", 2021, 2022, True, True, None),
        ("mood_good_net", "as_published", 2022, 2023, False, False, riders),
        ("mood_good_net", "like_for_like", 2021, 2022, True, True, None),
        ("mood_good_net", "like_for_like", 2022, 2023, True, True, None),
    ]


@pytest.mark.parametrize("year", [2021, 2022])
@pytest.mark.parametrize("sex", ["", "F", "M"])
def test_the_filter_effect_carries_the_weights(marts: duckdb.DuckDBPyConnection, year: int, sex: str) -> None:
    """Weighted bases that overlap: the influence of each respondent on the difference, from the raw file."""
    raw = pd.read_csv(FIXTURE / "raw" / f"cyclists_{year}.csv", dtype=str, keep_default_na=False)
    weight = raw["wgt"].astype(float).to_numpy()
    good = raw["mood"].isin(["C", "D"]).to_numpy(float)
    everybody = ((raw["mood"] != "") & (raw[f"s{year % 10}"] == sex if sex else True)).to_numpy(float)
    riders = everybody * (raw["ride"] == "Y").to_numpy(float)

    def part(members: np.ndarray) -> tuple[float, np.ndarray]:
        total = (members * weight).sum()
        mean = (members * weight * good).sum() / total
        return mean, members * weight * (good - mean) / total

    (published, from_everybody), (filtered, from_riders) = part(everybody), part(riders)
    influence = from_riders - from_everybody
    se = np.sqrt(len(raw) / (len(raw) - 1) * (influence**2).sum())
    row = marts.execute(
        "select as_published_n, as_published_value, like_for_like_n, like_for_like_value, difference, se"
        " from marts.fct_filter_effects where indicator = 'mood_good' and year = ? and breakdown = ? and group_key = ?",
        [year, "sex" if sex else "total", sex.lower() or "total"],
    ).fetchall()
    values = [everybody.sum(), 100 * published, riders.sum(), 100 * filtered, 100 * (filtered - published), 100 * se]
    assert row == [pytest.approx(values, rel=1e-9)]
