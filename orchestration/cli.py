"""The `helsemonitor` command.

Exit code 0: done; 1: data refused, the sentences say what to mend; 2: wrong usage; 3: a defect.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helsemonitor.errors import DataRefused
from helsemonitor.settings import DISCLOSURES, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from helsemonitor.releases import Release
    from orchestration.road import RefreshResult, StageResult

REFUSED, DEFECT, INTERRUPTED = 1, 3, 130
WORDS = {
    "waves": "waves",
    "respondents": "respondents",
    "answers": "answers",
    "items": "items",
    "indicators": "indicators",
    "checks_passed": "checks passed",
    "warnings": "warnings",
    "seeds": "seeds",
    "models": "models",
    "tables": "tables",
    "rows": "rows",
}


def _counted(counts: "StageResult") -> str:
    return ", ".join(f"{number:,} {WORDS[name]}".replace(",", " ") for name, number in counts.counts.items() if number)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


class PlainReporter:
    """One line per stage, for logs and pipes."""

    def __init__(self, echo: Callable[[str], None] = click.echo) -> None:
        self._echo = echo

    def started(self, stage: str) -> None:
        """Say what begins."""
        self._echo(f"{stage} ...")

    def progress(self, done: int, total: int, label: str) -> None:
        """Say nothing: a log is read afterwards."""

    def finished(self, result: "StageResult") -> None:
        """Say what was counted."""
        self._echo(f"{result.stage}: {_counted(result)} ({result.seconds:.1f} s)")


class LiveReporter:
    """A bar per stage, for a terminal."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.fields[stage]:<11}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
        )
        self._stage: dict[str, int] = {}
        self._current = ""

    def __enter__(self) -> "LiveReporter":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def started(self, stage: str) -> None:
        """Open the stage's bar."""
        self._current = stage
        self._stage[stage] = self._bars.add_task("", total=None, stage=stage)

    def progress(self, done: int, total: int, label: str) -> None:
        """Move the bar."""
        self._bars.update(self._stage[self._current], completed=done, total=total, description=label)

    def finished(self, result: "StageResult") -> None:
        """Fill the bar and say what was counted."""
        self._bars.update(self._stage[result.stage], completed=1, total=1, description=_counted(result))


def _summary(console: "Console", settings: Settings, result: "RefreshResult") -> None:
    from rich.table import Table

    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_column()
    facts.add_column(justify="right")
    for name in ("waves", "respondents", "answers", "items", "indicators", "checks_passed", "warnings"):
        facts.add_row(WORDS[name], _spaced(result.total(name)))
    stages = Table(show_header=False, box=None, pad_edge=False)
    stages.add_column()
    stages.add_column(justify="right")
    for stage in result.stages:
        stages.add_row(stage.stage, f"{stage.seconds:.1f} s")
    stages.add_row("in all", f"{sum(stage.seconds for stage in result.stages):.1f} s")
    console.print()
    console.print(facts)
    console.print()
    console.print(stages)
    console.print()
    # Not through rich: sentences and paths are not to be wrapped.
    for note in (note for stage in result.stages for note in stage.notes):
        click.echo(f"note      {note}")
    click.echo(f"release   {settings.shown(result.release.path)}")
    click.echo(f"current   {settings.shown(settings.published_dir / 'current')}")
    click.echo(f"data docs {settings.shown(settings.data_docs_dir / 'index.html')}")


def _refused(refusal: DataRefused, settings: Settings) -> NoReturn:
    for sentence in refusal.sentences:
        click.echo(sentence, err=True)
    current = settings.published_dir / "current"
    kept = f" {settings.shown(current)} is as it was." if current.exists() else ""
    click.echo(f"Refused: nothing was published.{kept}", err=True)
    sys.exit(REFUSED)


def _defect(error: Exception, settings: Settings) -> NoReturn:
    import traceback

    settings.logs_dir.mkdir(parents=True, exist_ok=True)
    log = settings.logs_dir / "error.log"
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    click.echo(f"{type(error).__name__}: {error}", err=True)
    click.echo(
        f"The run itself failed, not the data; nothing was published. The whole story is in {settings.shown(log)} and "
        f"{settings.shown(settings.logs_dir / 'dbt.log')}.",
        err=True,
    )
    sys.exit(DEFECT)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="helsemonitor")
def main() -> None:
    """Build and publish the indicators of the surveys on digital health services.

    HELSEMONITOR_SEEDS points to the folder with codebook and wave files (default: seeds), HELSEMONITOR_BUILD to the
    folder for everything a run writes (default: build). HELSEMONITOR_DISCLOSURE is report (default) or open: whether
    small bases are shown, as the reports do, or withheld.
    """


@main.command()
@click.option("--plain", is_flag=True, help="One line per stage, also on a terminal.")
def refresh(plain: bool) -> None:
    """Run the whole road: check the wave files, build the warehouse, check the marts, publish.

    Exit code 0: published; 1: the data are refused and the former release stays; 3: the run itself failed.
    """
    from rich.console import Console

    from orchestration import road

    settings = Settings.from_environment()
    if settings.disclosure not in DISCLOSURES:
        raise click.UsageError(f"HELSEMONITOR_DISCLOSURE is '{settings.disclosure}'; say {' or '.join(DISCLOSURES)}.")
    console = Console()
    try:
        if console.is_terminal and not plain:
            with LiveReporter(console) as reporter:
                result = road.refresh(settings, "the command line", reporter)
        else:
            result = road.refresh(settings, "the command line", PlainReporter())
    except DataRefused as refusal:
        _refused(refusal, settings)
    except KeyboardInterrupt:
        click.echo("Stopped: nothing was published.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        _defect(error, settings)
    _summary(console, settings, result)


def _age(published_at: str, now: datetime) -> str:
    seconds = (now - datetime.fromisoformat(published_at)).total_seconds()
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {word}{'s' if number != 1 else ''} old"
    return "less than a minute old"


def _describe(settings: Settings, release: "Release") -> list[str]:
    manifest = release.manifest
    counts = ", ".join(f"{_spaced(number)} {WORDS[name]}" for name, number in manifest["counts"].items())
    waves: dict[str, list[str]] = {}
    for wave in manifest["waves"]:
        survey, _, year = wave.rpartition("_")
        waves.setdefault(survey, []).append(year)
    return [
        f"release  {settings.shown(release.path)}",
        f"age      {_age(manifest['published_at'], datetime.now(UTC))} (published {manifest['published_at']})",
        *(f"waves    {survey} {' '.join(years)}" for survey, years in waves.items()),
        f"counts   {counts}",
        f"profile  {manifest['disclosure']}",
    ]


STATUSES = ("match", "known_inconsistency", "mismatch", "not_computable")


def _ladder(console: "Console", reconciliation: "dict[str, list[list[Any]]]") -> None:
    """Printed numbers against computed ones: by report and kind of print, then the largest differences."""
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
        table.add_row(report, kind, *(_spaced(numbers.get(status, 0)) for status in STATUSES))
    sums = [sum(numbers.get(status, 0) for numbers in counts.values()) for status in STATUSES]
    table.add_row("all", "", *map(_spaced, sums))
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


def _running_sentence(lock_file: Path) -> str:
    from helsemonitor.lock import running

    holder = running(lock_file)
    if holder is None:
        return "no refresh is running"
    return f"a refresh is running, started {holder.started} by {holder.who}" + (
        f" (process {holder.pid})" if holder.pid else ""
    )


@main.command()
def status() -> None:
    """Show the current release, and whether a refresh is running."""
    from helsemonitor.releases import current_release

    settings = Settings.from_environment()
    release = current_release(settings)
    if release is None:
        click.echo("release  none yet; `helsemonitor refresh` makes the first one")
    else:
        from rich.console import Console

        for line in _describe(settings, release):
            click.echo(line)
        console = Console()
        _ladder(console if console.is_terminal else Console(width=200), release.manifest["reconciliation"])
    click.echo(f"now      {_running_sentence(settings.lock_file)}")


if __name__ == "__main__":
    main()
