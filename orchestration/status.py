"""What `helsemonitor status` says of the current release and of a refresh that runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helsemonitor.settings import Settings
from orchestration.reporters import WORDS, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from helsemonitor.shelf import Release

# What reading a manifest raises that lacks a fact or says it in another way.
UNSAID = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)


def age(published_at: str, now: datetime) -> str:
    """Say how old a release is; `published_at` is ISO 8601 with its offset."""
    seconds = (now - datetime.fromisoformat(published_at)).total_seconds()
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {word}{'s' if number != 1 else ''} old"
    return "less than a minute old"


def _waves(manifest: "Mapping[str, Any]") -> list[str]:
    waves: dict[str, list[str]] = {}
    for wave in manifest["waves"]:
        survey, _, year = wave.rpartition("_")
        waves.setdefault(survey, []).append(year)
    return [f"waves    {survey} {' '.join(years)}" for survey, years in waves.items()]


def _counts(manifest: "Mapping[str, Any]") -> list[str]:
    counted = (f"{spaced(number)} {WORDS.get(name, name)}" for name, number in manifest["counts"].items())
    return [f"counts   {', '.join(counted)}"]


def _age(manifest: "Mapping[str, Any]") -> list[str]:
    published = manifest["published_at"]
    return [f"age      {age(published, datetime.now(UTC))} (published {published})"]


FACTS = {
    "since": _age,
    "waves": _waves,
    "counts": _counts,
    "profile": lambda found: [f"profile  {found['disclosure']}"],
}


def describe(settings: Settings, release: "Release | None") -> list[str]:
    """Say what a release holds, a line a fact; an older or damaged manifest may not say all of it."""
    if release is None:
        return ["release  none yet; `helsemonitor refresh` makes the first one"]
    lines = [f"release  {settings.shown(release.path)}"]
    for fact, said in FACTS.items():
        try:
            lines += said(release.manifest)
        except UNSAID:
            lines.append(f"{fact:<9}manifest.json does not say")
    return lines


STATUSES = ("match", "known_inconsistency", "mismatch", "not_computable")


def ladder(console: "Console", release: "Release") -> None:
    """Show printed numbers against computed ones, as far as the manifest says."""
    try:
        _ladder(console, release.manifest["reconciliation"])
    except UNSAID:
        console.print("printed  manifest.json does not say how the numbers stand against the printed ones")


def _ladder(console: "Console", reconciliation: "dict[str, list[list[Any]]]") -> None:
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

    try:
        holder = running(lock_file)
    except (OSError, NotImplementedError) as error:
        return f"whether a refresh is running cannot be told ({error})"
    if holder is None:
        return "no refresh is running"
    return f"a refresh is running, started {holder.started} by {holder.who}" + (
        f" (process {holder.pid})" if holder.pid else ""
    )
