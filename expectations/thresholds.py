"""Limits of the expectations: rows of `thresholds.csv`, each with a date and a reason."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

THRESHOLDS_CSV = Path(__file__).with_name("thresholds.csv")
ANY = "*"


@dataclass(frozen=True)
class Threshold:
    """One limit and what it applies to.

    Args:
        check: Name of the check.
        survey: Survey id or `*`.
        year: Year or `*`.
        name: Item, column, indicator or unit that the check speaks of, or `*`.
        limit: The limit, in `unit`.
        unit: Unit of the limit.
        since: Date of the decision, ISO 8601.
        reason: Why this limit.
    """

    check: str
    survey: str
    year: str
    name: str
    limit: float
    unit: str
    since: str
    reason: str

    def matches(self, survey: str, year: int, names: Sequence[str]) -> bool:
        """Tell whether the limit applies to a place."""
        return self.survey in (ANY, survey) and self.year in (ANY, str(year)) and self.name in (ANY, *names)

    @property
    def precision(self) -> int:
        """How much the row says about where it applies; the row that says most wins."""
        return (self.survey != ANY) + (self.year != ANY) + 2 * (self.name != ANY)


def read_thresholds(path: Path = THRESHOLDS_CSV) -> tuple[Threshold, ...]:
    """Read the limits."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Threshold(**{**row, "limit": float(row["limit"])}) for row in csv.DictReader(file))


def limit_for(
    thresholds: Sequence[Threshold], check: str, survey: str = ANY, year: int = 0, names: Sequence[str] = ()
) -> float:
    """Limit of a check at a place.

    Args:
        thresholds: All limits.
        check: Name of the check.
        survey: Survey id.
        year: Year.
        names: What the check speaks of there, most telling name last.

    Raises:
        KeyError: No row applies.
    """
    found = [row for row in thresholds if row.check == check and row.matches(survey, year, names)]
    if not found:
        raise KeyError(f"expectations/thresholds.csv has no limit for {check} ({survey} {year} {' '.join(names)})")
    order = {name: place for place, name in enumerate((ANY, *names))}
    return max(found, key=lambda row: (row.precision, order[row.name])).limit
