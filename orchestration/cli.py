"""The `helsemonitor` command.

Exit code 0: done; 1: data refused, the sentences say what to mend, or two releases differ; 2: wrong usage; 3: a defect.
"""

import math
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from helsemonitor.errors import DataRefused
from helsemonitor.settings import DISCLOSURES, Settings

if TYPE_CHECKING:
    from orchestration.road import RefreshResult

REFUSED, DIFFERENT, DEFECT, INTERRUPTED = 1, 1, 3, 130


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


def _run(settings: Settings, plain: bool) -> "RefreshResult":
    from rich.console import Console

    from orchestration import reporters, road

    console = Console()
    if console.is_terminal and not plain:
        with reporters.LiveReporter(console) as reporter:
            return road.refresh(settings, "the command line", reporter)
    return road.refresh(settings, "the command line", reporters.PlainReporter())


@main.command()
@click.option("--plain", is_flag=True, help="One line per stage, also on a terminal.")
def refresh(plain: bool) -> None:
    """Run the whole road: check the wave files, build the warehouse, check the marts, publish.

    Exit code 0: published; 1: the data are refused and the former release stays; 3: the run itself failed.
    """
    from rich.console import Console

    from orchestration.reporters import summary

    settings = Settings.from_environment()
    if settings.disclosure not in DISCLOSURES:
        raise click.UsageError(f"HELSEMONITOR_DISCLOSURE is '{settings.disclosure}'; say {' or '.join(DISCLOSURES)}.")
    try:
        result = _run(settings, plain)
    except DataRefused as refusal:
        _refused(refusal, settings)
    except KeyboardInterrupt:
        click.echo("Stopped: nothing was published.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        _defect(error, settings)
    summary(Console(), settings, result)


@main.command()
def status() -> None:
    """Show the current release, and whether a refresh is running."""
    from helsemonitor.releases import current_release
    from orchestration.status import describe, ladder, running_sentence

    settings = Settings.from_environment()
    release = current_release(settings)
    if release is None:
        click.echo("release  none yet; `helsemonitor refresh` makes the first one")
    else:
        from rich.console import Console

        for line in describe(settings, release):
            click.echo(line)
        console = Console()
        ladder(console if console.is_terminal else Console(width=200), release.manifest["reconciliation"])
    click.echo(f"now      {running_sentence(settings.lock_file)}")


def _finite(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a number to compare with.")
    return value


@main.command("diff-release")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--relative",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    callback=_finite,
    help="Numbers are equal within this part of the larger one.",
)
@click.option(
    "--absolute",
    type=click.FloatRange(min=0),
    default=1e-12,
    show_default=True,
    callback=_finite,
    help="Numbers are equal within this distance, too.",
)
@click.option(
    "--shown",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Rows gone, rows new and values to name at most, of each table; the largest differences first.",
)
def diff_release(before: str, after: str, relative: float, absolute: float, shown: int) -> None:
    """Compare two releases: schema, rows and values beyond rounding.

    A and B are folders of releases, ids of releases, or the words current and previous. Only the Parquet files are
    read.

    Exit code 0: they are equal; 1: something differs; 2: wrong usage, a folder that is no release among it.
    """
    from helsemonitor.compare.differences import Rounding
    from helsemonitor.compare.sides import NoRelease, find_side
    from helsemonitor.compare.tables import compare_releases
    from orchestration.differences import lines

    settings, rounding = Settings.from_environment(), Rounding(relative, absolute)
    try:
        sides = find_side(settings, before), find_side(settings, after)
        difference = compare_releases(*sides, rounding, shown)
    except NoRelease as mistake:
        raise click.UsageError(str(mistake)) from None
    for line in lines(settings, *sides, difference, rounding):
        click.echo(line)
    sys.exit(0 if difference.is_equal else DIFFERENT)


if __name__ == "__main__":
    main()
