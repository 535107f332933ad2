"""What a refresh says while it runs, and what it says at the end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from helsemonitor.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.road import RefreshResult, StageResult

WORDS = {
    "files": "files",
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


def spaced(number: int) -> str:
    """A whole number with a space between thousands."""
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
            TextColumn("{task.fields[stage]:<13}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
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


def summary(console: "Console", settings: Settings, result: "RefreshResult") -> None:
    """Say what a finished refresh counted, how long it took and where everything lies."""
    from rich.table import Table

    if result.is_unchanged:
        for note in result.notes:
            click.echo(f"note      {note}")
        click.echo(f"Nothing has changed since release {result.release.release_id}; --full builds anyway.")
        return
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_column()
    facts.add_column(justify="right")
    for name in ("waves", "respondents", "answers", "items", "indicators", "checks_passed", "warnings"):
        facts.add_row(WORDS[name], spaced(result.total(name)))
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
    for note in (*result.notes, *(note for stage in result.stages for note in stage.notes)):
        click.echo(f"note      {note}")
    click.echo(f"release   {settings.shown(result.release.path)}")
    click.echo(f"current   {settings.shown(settings.published_dir / 'current')}")
    click.echo(f"data docs {settings.shown(settings.data_docs_dir / 'index.html')}")
