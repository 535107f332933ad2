"""The shipped waves with their codebook, read by the csv module, and `diff` of each against the wave before."""

import csv
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from helsemonitor.landing.comparison import Comparison, compare
from helsemonitor.landing.formats import read_delivery
from helsemonitor.settings import PROJECT_DIR, Settings

SEEDS = PROJECT_DIR / "seeds"
HERE = Settings(PROJECT_DIR, SEEDS, PROJECT_DIR / "build")

Question = tuple[str, str]


@cache
def rows(table: str, folder: str = "codebook") -> list[dict[str, str]]:
    with (SEEDS / folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holding(table: str, survey: str, year: int) -> Iterator[dict[str, str]]:
    for row in rows(table):
        if row["survey"] == survey and int(row["year_from"] or year) <= year <= int(row["year_to"] or year):
            yield row


WAVES = sorted((row["survey"], int(row["year"])) for row in rows("waves"))
STEPS = [(survey, year, newer) for (survey, year), (same, newer) in pairwise(WAVES) if survey == same]


def questions(survey: str, year: int) -> dict[str, Question]:
    """Column -> item and option."""
    return {
        row["column_name"]: (row["item"], row["option"])
        for row in holding("columns", survey, year)
        if not row["ignored_reason"]
    }


@cache
def compared(survey: str, year: int, path: Path | None = None, announced: int | None = None) -> Comparison:
    path = path or SEEDS / "raw" / f"{survey}_{year}.csv"
    return compare(HERE, read_delivery(path), survey, year, announced)
