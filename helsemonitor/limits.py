"""Limits of gates, checks and flags: rows of `codebook/limits.csv`, each with unit, date and reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helsemonitor.codebook.reading import Row, read_table
from helsemonitor.codebook.validation import broken_constraints
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings

ANY = "*"
# Every limit that a check or flag reads, and what its name may be; one without any holds for all surveys and waves.
LIMITS = {
    "weight_share": "weight column",
    "weight_ratio": "weight column",
    "weight_scale": "survey",
    "weight_deff": "survey",
    "number_low": "item or type",
    "number_high": "item or type",
    "allocation_sum": "item",
    "weighted_base": "item",
    "weighted_base_smallest": "",
    "drift": "unit or indicator",
    "drift_break": "unit or indicator",
    "drift_sd": "indicator",
    "drift_break_sd": "indicator",
    "drift_se": "indicator",
    "turned": "item or number of answers",
    "drift_base_smallest": "",
    "blank_share": "item",
    "outside_share": "item",
    "margin_gap": "breakdown",
    "calibrated_gap": "",
    "print_gap": "measure or kind of print",
    "small_base": "",
    "small_n_eff": "",
    "wide_interval": "",
    "narrow_interval": "",
    "wide_relative": "",
    "test_base": "",
    "sparse_expected": "",
    "sparse_expected_low": "",
    "sparse_expected_share": "",
    "released_base": "",
    "wave_overdue": "survey",
}


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


def _limit(row: Row) -> Limit:
    return Limit(
        check_name=row["check_name"],
        survey=row["survey"],
        year_from=int(row["year_from"] or 0),
        name=row["name"],
        value=float(row["value"]),
        unit=row["unit"],
        since=row["since"],
        reason=row["reason"],
    )


def limits_of(rows: Iterable[Row]) -> tuple[Limit, ...]:
    """Rows of limits.csv as limits."""
    return tuple(_limit(row) for row in rows)


def read_limits(settings: Settings) -> tuple[Limit, ...]:
    """Read the limits of the survey's codebook, or the project's own where it has none.

    Raises:
        DataRefused: The file cannot be read, or a row breaks its schema.
    """
    read = read_table(settings, "limits")
    sentences = broken_constraints([read])
    if sentences:
        raise DataRefused(sentences)
    return limits_of(read.rows)


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
