"""When the next wave of a survey is due, by the dates of the waves that were landed."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from helsemonitor.codebook.reading import Row, read_table
from helsemonitor.codebook.waves import Wave, raw_file, read_waves
from helsemonitor.limits import limit_for, read_limits
from helsemonitor.settings import Settings

# Years that are calendar years; any other number only sorts the waves.
CALENDAR = range(1800, 3000)


@dataclass(frozen=True)
class Due:
    """When the next wave of a survey is due.

    Args:
        survey: Survey id.
        newest: Id of the newest wave that was landed.
        date: Its date; None where waves.csv has none and its year is a mere order.
        expected: Day on which the next wave is expected; None where no usual step between waves is known.
        overdue_from: First day on which it is overdue; None where it never is.
    """

    survey: str
    newest: str
    date: date | None
    expected: date | None
    overdue_from: date | None

    def is_overdue(self, today: date) -> bool:
        """Whether the next wave should have been landed by now."""
        return self.overdue_from is not None and today >= self.overdue_from

    @property
    def sentence(self) -> str:
        """What to do about an overdue wave."""
        return (
            f"{self.survey}: no wave was landed after {self.newest} ({self.date}); one was expected by {self.expected} "
            f"and is overdue since {self.overdue_from}; land it, or give the survey another limit wave_overdue in "
            "codebook/limits.csv."
        )


def _date(row: Row) -> date | None:
    said = row["wave_date"] or row["fieldwork_start"]
    if said:
        return date.fromisoformat(said)
    return date(int(row["year"]), 7, 1) if int(row["year"]) in CALENDAR else None


def _later(day: date | None, days: float) -> date | None:
    try:
        return day + timedelta(days=round(days)) if day else None
    except OverflowError:
        return None


def _landed(settings: Settings) -> Iterator[tuple[Wave, date | None]]:
    dates = {(row["survey"], int(row["year"])): _date(row) for row in read_table(settings, "waves").rows}
    for wave in read_waves(settings):
        if raw_file(settings, wave).is_file():
            yield wave, dates[wave.survey, wave.year]


def next_waves(settings: Settings) -> tuple[Due, ...]:
    """When the next wave of each survey is due.

    The newest landed wave's date (its `wave_date`, else its first day of fieldwork, else 1 July of its year), the
    median step between the survey's landed waves, and the limit `wave_overdue`.

    Args:
        settings: Folders of the project.

    Returns:
        One for each survey with a landed wave, in order of their names.

    Raises:
        DataRefused: waves.csv or limits.csv cannot be read.
    """
    limits, landed = read_limits(settings), list(_landed(settings))
    due = []
    for survey in sorted({wave.survey for wave, _ in landed}):
        waves = [(wave, day) for wave, day in landed if wave.survey == survey]
        newest, day = max(waves, key=lambda pair: pair[0].year)
        days = sorted(day for _, day in waves if day)
        steps = [(after - before).days for before, after in pairwise(days)]
        expected = _later(day, statistics.median(steps)) if steps else None
        grace = limit_for(limits, "wave_overdue", survey, newest.year)
        due.append(Due(survey, newest.wave_id, day, expected, _later(expected, grace)))
    return tuple(due)
