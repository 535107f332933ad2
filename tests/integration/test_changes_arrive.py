"""What is registered arrives: at derived items, at items that are routed, at groups and crosses; and no definition moves unseen.

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
            self.folder / "codebook" / f"{file}.csv", lambda rows: [row for row in rows if not where.items() <= row.items()]
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

    def without_option(self, column: str, year: int) -> None:
        """The newest wave does not offer an option."""
        self.set("columns", {"column_name": column}, year_to=year - 1)
        self.drop_column(year, column)

    def indicator(self, item: str, answers: str, kind: str = "share", **cells: object) -> str:
        """Declare an indicator, `<item>_<first answer>`."""
        name = f"{item}_{answers.split('|')[0]}"
        told = {"denominator": "answered", "unit": "percent", "direction": "neutral", "label_no": name, "label_en": name}
        self.add("indicators", indicator=name, item=item, kind=kind, answers=answers, **told | cells)
        return name

    def run(self) -> "Marts":
        """Take the survey along the road, which must not refuse it."""
        outcome = fast_road(self.folder, self.folder.parent / "build")
        assert outcome.sentences == ()
        return Marts(outcome)


@dataclass(frozen=True)
class Marts:
    """What came out."""

    outcome: Outcome

    def waves(self, indicator: str, place: str = "total:total", basis: str = "as_published") -> dict[int, dict[str, Any]]:
        """Rows of an indicator by year."""
        breakdown, _, group = place.partition(":")
        names = ("value", "obs_status", "series_segment", "comparable_with_previous", "change_ids", "status_reason", "base_n")
        rows = self.outcome.tables.execute(
            f"select year, {', '.join(names)} from marts.fct_indicators where indicator = ? and breakdown = ? and group_key = ?"
            " and basis = ?",
            [indicator, breakdown, group, basis],
        ).fetchall()
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}

    def statuses(self, indicator: str, place: str = "total:total", basis: str = "as_published") -> str:
        """Statuses of an indicator, a letter a wave."""
        return "".join(row["obs_status"] for _, row in sorted(self.waves(indicator, place, basis).items()))

    def pairs(self, indicator: str, place: str = "total:total", basis: str = "as_published") -> dict[tuple[int, int], Any]:
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
    with (FIXTURE / "raw" / f"cyclists_{year}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if among(row)]
    return 100 * sum(float(row["wgt"]) for row in rows if counts(row)) / sum(float(row["wgt"]) for row in rows)
