"""What `helsemonitor status` says of the current release and of a refresh that runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helsemonitor.settings import Settings
from orchestration.reporters import WORDS, spaced

if TYPE_CHECKING:
    from rich.console import Console

    from helsemonitor.releases import Release


def age(published_at: str, now: datetime) -> str:
    """Say how old a release is; `published_at` is ISO 8601 with its offset."""
    seconds = (now - datetime.fromisoformat(published_at)).total_seconds()
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {word}{'s' if number != 1 else ''} old"
    return "less than a minute old"


def describe(settings: Settings, release: "Release") -> list[str]:
    """Say what a release holds, a line a fact."""
    manifest = release.manifest
    counts = ", ".join(f"{spaced(number)} {WORDS[name]}" for name, number in manifest["counts"].items())
    waves: dict[str, list[str]] = {}
    for wave in manifest["waves"]:
        survey, _, year = wave.rpartition("_")
        waves.setdefault(survey, []).append(year)
    return [
        f"release  {settings.shown(release.path)}",
        f"age      {age(manifest['published_at'], datetime.now(UTC))} (published {manifest['published_at']})",
        *(f"waves    {survey} {' '.join(years)}" for survey, years in waves.items()),
        f"counts   {counts}",
        f"profile  {manifest['disclosure']}",
    ]


STATUSES = ("match", "known_inconsistency", "mismatch", "not_computable")


def ladder(console: "Console", reconciliation: "dict[str, list[list[Any]]]") -> None:
    """Show printed numbers against computed ones: by report and kind of print, then the largest differences."""
    from rich.table import Table

    counts: dict[tuple[str, str], dict[str, int]] = {}
    for report, kind, status, number in reconciliation["ladder"]:
        counts.setdefault((report, kind), {})[status] = number
    table = Table(box=None, pad_edge=False)
    table.add_column("printed in")
    table.add_column("kind")
    for status in STATUSES:
        table.add_column(status.replace("_", " "), justify="right")
    for (report, kind), numbers in counts.items():
        table.add_row(report, kind, *(spaced(numbers.get(status, 0)) for status in STATUSES))
    sums = [sum(numbers.get(status, 0) for numbers in counts.values()) for status in STATUSES]
    table.add_row("all", "", *map(spaced, sums))
    console.print()
    console.print(table)
    worst = Table(box=None, pad_edge=False)
    for heading in ("largest differences", "figure", "item", "answer", "year", "group"):
        worst.add_column(heading)
    for heading in ("printed", "computed"):
        worst.add_column(heading, justify="right")
    worst.add_column("status")
    for result_id, figure, item, answer, year, group, printed, computed, status in reconciliation["worst"]:
        words = (result_id, figure, item, answer[:30], str(year), group, f"{printed:g}", f"{computed:.2f}", status)
        worst.add_row(*words)
    console.print()
    console.print(worst)


def running_sentence(lock_file: Path) -> str:
    """Say whether a refresh is running, and whose."""
    from helsemonitor.lock import running

    holder = running(lock_file)
    if holder is None:
        return "no refresh is running"
    return f"a refresh is running, started {holder.started} by {holder.who}" + (
        f" (process {holder.pid})" if holder.pid else ""
    )
