"""Tests keep their level and intervals their coverage: the table of docs/statistics.md, and where it comes from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.integration.simulated_inference import (
    DOCUMENT,
    SIZES,
    SUMS,
    TABLE,
    WEIGHTS,
    inference_of,
    lines_of,
    simulate,
)

# Percent, from ten respondents up; a rate of 3,600 samples and more is known to within 0.7 points or so.
LEVEL = (3, 7)
COVERAGE = (93, 97)


def cells_of(line: str) -> list[str]:
    """Cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def written() -> dict[tuple[str, int], list[str]]:
    """Cells of the document's table by weights and size."""
    found = TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found
    return {(weights, int(size)): cells for weights, size, *cells in map(cells_of, found[0].splitlines()[2:])}


def test_levels_and_coverage_hold_from_ten_respondents_up() -> None:
    table = written()
    assert set(table) == {(weights, size) for weights in WEIGHTS for size in SIZES}
    tested = 0
    for (weights, size), cells in table.items():
        for place, cell in enumerate(cells):
            if size < 10:
                # No test stands on so few.
                assert (cell == "") == (place % 3 < 2), (weights, size)
            elif place % 3 == 2:
                assert COVERAGE[0] <= float(cell) <= COVERAGE[1], (weights, size, cell)
            elif cell:
                tested += 1
                assert LEVEL[0] <= float(cell) <= LEVEL[1], (weights, size, cell)
    # Weights leave ten respondents an effective size by the weights below ten, and skewed ones most pairs of twenty.
    assert tested == 4 * (2 * 6 + 2 * 5 + 2 * 5 - 1)


def test_the_table_is_what_the_models_make_of_the_samples() -> None:
    """A part of the table simulated anew."""
    table = written()
    for line in lines_of(simulate(["none", "skewed"], [10, 50])):
        weights, size, *cells = cells_of(line)
        assert table[weights, int(size)] == cells


def test_a_number_without_ends_has_students_interval(tmp_path: Path) -> None:
    """Ages of sixty, weighted: from residuals. One of them alone, and sixty of one age, have none."""
    draw = np.random.default_rng(20261130)
    y, w = draw.integers(20, 80, 60).astype(float), draw.lognormal(0, 0.4, 60)
    rows = {}
    for name, (ages, weights) in {"many": (y, w), "one": (y[:1], w[:1]), "same": (0 * y + 41, w)}.items():
        columns = (np.ones(len(ages)), weights, weights**2, weights * ages, weights * ages**2)
        sums = [column.sum() for column in (*columns, weights**2 * ages, weights**2 * ages**2)]
        rows[name] = dict(zip(SUMS, sums, strict=True)) | {"measure": name}
    about = {"breakdown": "total", "group_key": "total", "respondents_n": 100, "factor": 1, "is_proportion": False}
    moments = pd.DataFrame(rows.values()).assign(**about, y_low=np.nan, y_high=np.nan)
    moments[["y_low", "y_high"]] = moments[["y_low", "y_high"]].astype("Float64")
    query = "select measure, ci_low, ci_high from intermediate.int_estimates order by all"
    found = {name: bounds for name, *bounds in inference_of(moments, tmp_path).execute(query).fetchall()}
    assert found["one"] == found["same"] == [None, None]
    mean = np.average(y, weights=w)
    variance, own = np.average((y - mean) ** 2, weights=w), 100 / 99 * (w**2 * (y - mean) ** 2).sum() / w.sum() ** 2
    error = np.sqrt(max(own, variance * (w**2).sum() / w.sum() ** 2))
    assert found["many"] == pytest.approx(mean + np.array([-1, 1]) * stats.t.ppf(0.975, 59) * error, rel=1e-9)
