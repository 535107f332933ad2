"""How a command ends: the words and the exit code of everything that can go wrong.

| exit code | what happened |
|---|---|
| 0 | done |
| 1 | data, codebook or a delivered file are refused, or releases (`diff-release`) or waves (`diff`) differ |
| 2 | wrong usage |
| 3 | a defect of the run itself |
| 4 | the place does not allow it: not writable, no room, in use, or something in the way |
| 130, 143 | stopped by Ctrl-C, by a request to end |
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from helsemonitor.errors import DataRefused, PlaceUnfit, Refusal
from helsemonitor.place import published_link
from helsemonitor.redaction import without_values
from helsemonitor.settings import Settings
from helsemonitor.space import machine_problem
from orchestration.stopping import Stop, listening

REFUSED, DIFFERENT, DEFECT, UNFIT, NO_READER = 1, 1, 3, 4, 141
# Commands that publish; of the others it need not be said that they did not.
PUBLISHING = frozenset({"refresh"})


class Ending:
    """Says how a command ended.

    Args:
        settings: Folders of the project.
        publishes: Tells, when all is over, whether it is a command that publishes.
    """

    def __init__(self, settings: Settings, publishes: Callable[[], bool] = lambda: True) -> None:
        self._settings = settings
        self._publishes = publishes
        self._before = published_link(settings)
        self._started = time.time()

    def _published(self, word: str, mark: str = ":") -> str:
        """How a command ended and whether it published, as a sentence; the word alone where it never does."""
        if not self._publishes():
            return f"{word}."
        settings, now = self._settings, published_link(self._settings)
        if now is not None and now != self._before:
            return f"{word}{mark} the release was published before: {settings.shown(settings.current)} is {now}."
        kept = f" {settings.shown(settings.current)} is as it was." if settings.current.exists() else ""
        return f"{word}{mark} nothing was published.{kept}"

    def _logs(self, error: BaseException) -> str:
        """Write the whole story down, and say where it is; the reason where it cannot be written."""
        import traceback

        folder = self._settings.logs_dir
        story, dbt = folder / "error.log", folder / "dbt.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            told = without_values("".join(traceback.format_exception(error)))
            story.write_text(told, encoding="utf-8", errors="backslashreplace")
        except OSError as unwritten:
            return f"The whole story could not be written to {self._settings.shown(story)} ({unwritten.strerror})."
        written = [story, *([dbt] if self._is_of_this_run(dbt) else [])]
        return f"The whole story is in {' and '.join(map(self._settings.shown, written))}."

    def _is_of_this_run(self, log: Path) -> bool:
        return log.is_file() and log.stat().st_size > 0 and log.stat().st_mtime >= self._started

    def stopped(self, stop: Stop) -> tuple[list[str], int]:
        """Words and exit code of a command that was stopped."""
        return [self._published("Stopped")], stop.exit_code

    def of(self, error: Exception) -> tuple[list[str], int]:
        """Words and exit code of a command that ended with an error."""
        if isinstance(error, BrokenPipeError):
            return [], NO_READER
        if not isinstance(error, Refusal) and (sentence := machine_problem(self._settings, error)):
            error = PlaceUnfit([sentence])
        if isinstance(error, Refusal):
            word, code = ("Refused", REFUSED) if isinstance(error, DataRefused) else ("Ended", UNFIT)
            return [*error.sentences, self._published(word)], code
        return [
            f"{type(error).__name__}: {without_values(str(error))}",
            f"{self._published('The run itself failed, not the data', ';')} {self._logs(error)}",
        ], DEFECT


class Commands(click.Group):
    """The commands, each of which ends in words and with an exit code."""

    def invoke(self, context: click.Context) -> object:
        """Run a command."""
        ending = Ending(Settings.from_environment(), lambda: context.invoked_subcommand in PUBLISHING)
        with listening() as stop:
            try:
                return super().invoke(context)
            except KeyboardInterrupt:
                words, code = ending.stopped(stop)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                words, code = ending.stopped(stop) if stop.signal else ending.of(error)
            for line in words:
                click.echo(line, err=True)
            sys.exit(code)
