"""Whether the next wave of a survey is overdue."""

from collections.abc import Callable
from datetime import date, datetime

import dagster as dg

from helsemonitor.overdue import Due, next_waves
from orchestration.checks import WAVE_FILES
from orchestration.resources import refusals_fail, settings

COLUMNS = ("survey", "newest wave", "its date", "next expected", "overdue from")


def _today() -> date:
    return datetime.now().astimezone().date()


def _record(due: Due) -> dg.TableRecord:
    days = [str(day or "unknown") for day in (due.date, due.expected, due.overdue_from)]
    return dg.TableRecord(dict(zip(COLUMNS, (due.survey, due.newest, *days), strict=True)))


def overdue_check(today: Callable[[], date] = _today) -> dg.AssetChecksDefinition:
    """The check, one for all surveys, so that a survey that is declared while Dagster runs is in it.

    Dagster's own freshness looks at when an asset was materialized, and a wave is old by its fieldwork.

    Args:
        today: Gives the day to judge by.
    """

    @dg.asset_check(asset=WAVE_FILES, name="wave_overdue", description="No survey waits for a wave that is overdue.")
    def wave_overdue() -> dg.AssetCheckResult:
        """Warns; an old wave is no reason to hold back what is there."""
        with refusals_fail():
            due = next_waves(settings)
        late = [one.sentence for one in due if one.is_overdue(today())]
        schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in COLUMNS])
        return dg.AssetCheckResult(
            passed=not late,
            severity=dg.AssetCheckSeverity.WARN,
            description="\n".join(late) or None,
            metadata={
                "overdue": len(late),
                "surveys": dg.MetadataValue.table([_record(one) for one in due], schema),
            },
        )

    return wave_overdue


wave_overdue = overdue_check()
