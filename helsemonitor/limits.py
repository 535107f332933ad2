"""Limits of gates, checks and flags: rows of `codebook/limits.csv`, each with unit, date and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook import read_table
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings

ANY = "*"
COLUMNS = ("check_name", "survey", "year_from", "name", "value", "unit", "since", "reason")


@dataclass(frozen=True)
class Limit:
    """One limit and where it holds.

    Args:
        check_name: Which limit.
        survey: Survey id or `*`.
        year_from: First year it holds for; 0 where it holds for all.
        name: Item, column, indicator or unit that the check speaks of, or `*`.
        value: The limit, in `unit`.
        unit: Unit of the limit.
        since: Date of the decision, ISO 8601.
        reason: Why this limit.
    """

    check_name: str
    survey: str
    year_from: int
    name: str
    value: float
    unit: str
    since: str
    reason: str

    def holds(self, survey: str, year: int, names: Sequence[str]) -> bool:
        """Tell whether the limit holds at a place."""
        return self.survey in (ANY, survey) and self.year_from <= year and self.name in (ANY, *names)


def _limit(row: dict[str, str], shown: str, line: int) -> Limit | str:
    try:
        value = float(row["value"])
        year_from = int(row["year_from"] or 0)
    except ValueError:
        return (
            f"{shown} line {line} (check_name '{row['check_name']}') has value '{row['value']}' and year_from "
            f"'{row['year_from']}'; write a number with a decimal point, and a year or nothing."
        )
    return Limit(
        check_name=row["check_name"],
        survey=row["survey"],
        year_from=year_from,
        name=row["name"],
        value=value,
        unit=row["unit"],
        since=row["since"],
        reason=row["reason"],
    )


def read_limits_file(path: Path, shown: str = "") -> tuple[Limit, ...]:
    """Read a file of limits.

    Args:
        path: The file.
        shown: The path as a person would type it; the path itself by default.

    Raises:
        DataRefused: The file is missing, or a row holds no number.
    """
    shown = shown or str(path)
    _, rows = read_table(path, COLUMNS, shown)
    parsed = [_limit(row, shown, line) for line, row in enumerate(rows, start=2)]
    faults = [found for found in parsed if isinstance(found, str)]
    if faults:
        raise DataRefused(faults)
    return tuple(found for found in parsed if isinstance(found, Limit))


def read_limits(settings: Settings) -> tuple[Limit, ...]:
    """Read the limits of the project's codebook; see `read_limits_file`."""
    path = settings.codebook_dir / "limits.csv"
    return read_limits_file(path, settings.shown(path))


def limit_for(
    limits: Sequence[Limit], check_name: str, survey: str = ANY, year: int = 0, names: Sequence[str] = ()
) -> float:
    """Limit of a check at a place: the row that says most about it, of those the newest. Macro `limit_of` does it too.

    Args:
        limits: All limits.
        check_name: Which limit.
        survey: Survey id.
        year: Year.
        names: What the check speaks of there, most telling name last.

    Raises:
        DataRefused: No row holds there.
    """
    found = limit_or_none(limits, check_name, survey, year, names)
    if found is None:
        place = " ".join(str(part) for part in (survey, year or "", *names) if part)
        raise DataRefused([f"codebook/limits.csv has no row for {check_name} ({place}); add one with unit and reason."])
    return found


def limit_or_none(
    limits: Sequence[Limit], check_name: str, survey: str = ANY, year: int = 0, names: Sequence[str] = ()
) -> float | None:
    """Limit of a check at a place, as `limit_for`, or None where no row holds there.

    Args:
        limits: All limits.
        check_name: Which limit.
        survey: Survey id.
        year: Year.
        names: What the check speaks of there, most telling name last.
    """
    found = [row for row in limits if row.check_name == check_name and row.holds(survey, year, names)]
    order = {name: place for place, name in enumerate((ANY, *names))}
    return max(found, key=lambda row: (order[row.name], row.survey != ANY, row.year_from)).value if found else None
