"""The same numbers as somebody writes them with pandas: raw files and codebook in; cube, shares and indicators out.

    python -m benchmarks.pandas_script --seeds seeds --out folder

Straight on: per wave one long table of answers; per breakdown the group of each respondent is looked up and a `groupby`
adds up. Sums are doubles. Writes `cells.parquet` and `series.parquet` (answer shares and indicators with their standard
errors).
"""

import argparse
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.codebook import SINGLE, Cell, Codebook, Plan, Row, scores

PLACE = ["survey", "year", "breakdown", "group_key", "basis"]
SUMS = ["n", "sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2"]
Mask = np.ndarray


class PandasTerms:
    """Conditions as boolean arrays over the wave that was read last, (respondents,)."""

    def __init__(self) -> None:
        self.frame = pd.DataFrame()
        self._numbers: dict[str, pd.Series] = {}

    def read(self, path: Path) -> None:
        """Take a wave's file."""
        self.frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        self._numbers = {}

    def number(self, column: str) -> pd.Series:
        """The numbers in a column, NaN where there is none."""
        if column not in self._numbers:
            self._numbers[column] = pd.to_numeric(self.frame[column], errors="coerce").astype(float)
        return self._numbers[column]

    def code_in(self, column: str, codes: Sequence[str]) -> Mask:
        """See `Terms`."""
        # A later wave is asked what it looks at, and not for its people.
        if column not in self.frame:
            return np.zeros(len(self.frame), bool)
        return self.frame[column].isin(codes).to_numpy()

    def given(self, column: str) -> Mask:
        """See `Terms`."""
        return self.frame[column].notna().to_numpy()

    def between(self, column: str, low: str, high: str) -> Mask:
        """See `Terms`."""
        return self.number(column).between(float(low or "-inf"), float(high or "inf")).to_numpy()

    def adds_up(self, columns: Sequence[str], total: int, tolerance: int) -> Mask:
        """See `Terms`."""
        numbers = pd.concat([self.number(column) for column in columns], axis=1)
        return (numbers.notna().any(axis=1) & ((numbers.sum(axis=1) - total).abs() <= tolerance)).to_numpy()

    def any_of(self, conditions: Iterable[Mask]) -> Mask:
        """See `Terms`."""
        return reduce(or_, conditions, np.zeros(len(self.frame), bool))

    def all_of(self, conditions: Iterable[Mask]) -> Mask:
        """See `Terms`."""
        return reduce(and_, conditions, np.ones(len(self.frame), bool))

    def negated(self, condition: Mask) -> Mask:
        """See `Terms`."""
        return ~condition


def long_answers(terms: PandasTerms, cells: Sequence[Cell[Mask]], weight: np.ndarray) -> pd.DataFrame:
    """One row per respondent and cell: person (place in the file), cell (place in `cells`), n, products to sum."""
    parts = []
    for place, cell in enumerate(cells):
        person = np.flatnonzero(cell.inside & cell.given)
        part = {"person": person, "cell": place, "w": weight[person]}
        if cell.number:
            part["x"] = terms.number(cell.number).to_numpy()[person]
        parts.append(pd.DataFrame(part))
    answers = pd.concat(parts, ignore_index=True)
    w = answers.pop("w")
    answers = answers.assign(n=1, sum_w=w, sum_w2=w * w)
    if "x" in answers:
        x = answers.pop("x")
        wx = w * x
        answers = answers.assign(sum_wx=wx, sum_wx2=wx * x, sum_w2x=w * wx, sum_w2x2=wx * wx)
    return answers


def wave_cells(plan: Plan[Mask], terms: PandasTerms, row: Row, raw: Path) -> pd.DataFrame:
    """Cells of one wave.

    Args:
        plan: What is counted.
        terms: Its terms.
        row: The wave's row of `waves.csv`.
        raw: Folder of the raw files.

    Returns:
        One row per item, answer, breakdown, group and basis with its sums; no pseudo-answers of single-choice items.
    """
    terms.read(raw / f"{row['survey']}_{row['year']}.csv")
    wave = plan.wave(row)
    people = len(terms.frame)
    weight = terms.number(row["weight_column"]).to_numpy() if row["weight_column"] else np.ones(people)
    cells = [cell for together in plan.cells(wave, lambda condition: int(condition.sum())) for cell in together]
    answers = long_answers(terms, cells, weight)
    names = pd.DataFrame([(cell.item, cell.answer, cell.basis) for cell in cells], columns=["item", "answer", "basis"])
    found = []
    for breakdown, groups in wave.groups().items():
        keys = list(groups)
        group = np.full(people, -1, np.int16)
        for place, key in enumerate(keys):
            group[groups[key]] = place
        rows = answers
        served = plan.book.served.get((row["survey"], breakdown))
        if served:
            rows = answers[names["item"].isin(served).to_numpy()[answers["cell"]]]
        of = group[rows["person"]]
        inside = of >= 0
        sums = rows[inside].groupby(["cell", of[inside]], sort=False)[SUMS[:3]].sum()
        if "sum_wx" in rows:
            # Few rows hold a number.
            given = inside & rows["sum_wx"].notna().to_numpy()
            sums = sums.join(rows[given].groupby(["cell", of[given]], sort=False)[SUMS[3:]].sum())
        sums.index.names = ["cell", "group"]
        sums = sums.reindex(columns=SUMS).reset_index()
        sums["breakdown"] = breakdown
        sums["group_key"] = np.array(keys, object)[sums["group"]] if keys else []
        found.append(sums)
    result = pd.concat(found, ignore_index=True).join(names, on="cell")
    return result.assign(survey=row["survey"], year=int(row["year"]))[[*PLACE, "item", "answer", *SUMS]]


def with_bases(cells: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """Add the `_base` of single-choice items, whose answers add up to it."""
    single = pd.DataFrame([key for key, kind in book.types.items() if kind in SINGLE], columns=["survey", "item"])
    answers = cells.merge(single, on=["survey", "item"])
    bases = answers.groupby([*PLACE, "item"], sort=False)[SUMS].sum(min_count=1).reset_index()
    return pd.concat([cells, bases.assign(answer="_base")], ignore_index=True)


def series(cells: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """Answer shares and indicators with their standard errors, in the unit of each.

    Args:
        cells: Cells with bases.
        book: The codebook.
    """
    rows = cells.merge(pd.DataFrame(scores(book)), on=["survey", "item", "answer"])
    score, takes, base = rows["score"], rows["takes_number"], rows["in_base"]
    rows["wy"] = np.where(takes, rows["sum_wx"], score * rows["sum_w"])
    rows["w2y"] = np.where(takes, rows["sum_w2x"], score * rows["sum_w2"])
    rows["w2y2"] = np.where(takes, rows["sum_w2x2"], score * score * rows["sum_w2"])
    rows["base_n"], rows["w"], rows["w2"] = rows["n"] * base, rows["sum_w"] * base, rows["sum_w2"] * base
    keys = [*PLACE, "series_type", "series", "factor"]
    sums = rows.groupby(keys, sort=False)[["base_n", "w", "w2", "wy", "w2y", "w2y2"]].sum().reset_index()
    sums = sums[sums["base_n"] > 0].copy()
    respondents = {(wave["survey"], int(wave["year"])): int(wave["respondents"]) for wave in book.rows("waves")}
    n = pd.Series([respondents[key] for key in zip(sums["survey"], sums["year"], strict=True)], sums.index)
    mean = sums["wy"] / sums["w"]
    residuals = (sums["w2y2"] - 2 * mean * sums["w2y"] + mean * mean * sums["w2"]).clip(lower=0)
    sums["value"] = sums["factor"] * mean
    sums["se"] = sums["factor"] * np.sqrt(n / (n - 1) * residuals) / sums["w"]
    return sums[[*PLACE, "series_type", "series", "base_n", "value", "se"]]


def build(seeds: Path, out: Path) -> None:
    """Write the cells and series of all waves.

    Args:
        seeds: Folder with `codebook/` and `raw/`.
        out: Folder to write to.
    """
    out.mkdir(parents=True, exist_ok=True)
    book, terms = Codebook(seeds / "codebook"), PandasTerms()
    plan = Plan(book, terms)
    cells = pd.concat([wave_cells(plan, terms, row, seeds / "raw") for row in book.rows("waves")], ignore_index=True)
    cells = with_bases(cells, book)
    cells.to_parquet(out / "cells.parquet")
    series(cells, book).to_parquet(out / "series.parquet")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Cube, shares and indicators with pandas.")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    build(options.seeds, options.out)
