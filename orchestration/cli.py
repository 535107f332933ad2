"""The `helsemonitor` command.

Exit code 0: done; 1: data refused, the sentences say what to mend, or two releases or waves differ; 2: wrong usage; 3:
a defect of the run itself; 4: the place does not allow it (not writable, no room, in use, something in the way); 130:
Ctrl-C.
"""

import orchestration.quiet_start  # noqa: F401 - before anything that takes time

# isort: split
import math
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helsemonitor.settings import DISCLOSURES, Settings
from orchestration.endings import DIFFERENT, UNFIT, Commands

if TYPE_CHECKING:
    from orchestration.road import RefreshResult


class FilePath(click.Path):
    """A path as an argument, also where whoever calls the command in Python names it in bytes that are no UTF-8."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Make it a path."""
        return super().convert(os.fsdecode(value) if isinstance(value, bytes) else value, param, ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="helsemonitor")
def main() -> None:
    """Build and publish the indicators of the surveys on digital health services.

    HELSEMONITOR_SEEDS points to the folder with codebook and wave files (default: seeds), HELSEMONITOR_BUILD to the
    folder for everything a run writes (default: build). HELSEMONITOR_DISCLOSURE is report (default) or open: whether
    small bases are shown, as the reports do, or withheld.
    """


def _run(settings: Settings, plain: bool, is_full: bool, engine: str | None) -> "RefreshResult":
    from rich.console import Console

    from orchestration import reporters, road

    console = Console(markup=False, emoji=False)
    if engine:
        from orchestration.engine_road import refresh_on_engine

        return refresh_on_engine(settings, "the command line", reporters.PlainReporter(), engine)
    if console.is_terminal and not plain:
        with reporters.LiveReporter(console) as reporter:
            return road.refresh(settings, "the command line", reporter, is_full)
    return road.refresh(settings, "the command line", reporters.PlainReporter(), is_full)


@main.command()
@click.option("--plain", is_flag=True, help="One line per stage, also on a terminal.")
@click.option("--full", "is_full", is_flag=True, help="Build everything from nothing, whatever has changed.")
@click.option(
    "--spark",
    "engine",
    metavar="ADDRESS",
    help="Build up to the cube on a server of Spark Connect (host:port; sail starts one), see docs/scale.md.",
)
def refresh(plain: bool, is_full: bool, engine: str | None) -> None:
    """Run the whole road: check the wave files, build the warehouse, check the marts, publish.

    Where nothing has changed since the current release (files, codebook, code, packages, profile), nothing is done;
    where little has, what it reaches is built anew.

    Exit code 0: published, or nothing has changed; 1: the data are refused and the former release stays; 3: the run
    itself failed; 4: the place does not allow a run.
    """
    from rich.console import Console

    from expectations.keeper import collect_seldom
    from helsemonitor.engine import missing_packages
    from helsemonitor.place import seeds_problem
    from orchestration.reporters import summary

    settings = Settings.from_environment()
    if settings.disclosure not in DISCLOSURES:
        raise click.UsageError(f"HELSEMONITOR_DISCLOSURE is '{settings.disclosure}'; say {' or '.join(DISCLOSURES)}.")
    if problem := seeds_problem(settings):
        raise click.UsageError(problem)
    if engine and (missing := missing_packages(engine)):
        raise click.UsageError(f"--spark needs {' and '.join(missing)}: make setup installs them.")
    collect_seldom()
    summary(Console(markup=False, emoji=False), settings, _run(settings, plain, is_full, engine))


@main.command()
def status() -> None:
    """Show the current release, and whether a refresh is running.

    Exit code 0: there is a sound release, or none yet; 4: the current release is missing or its manifest is damaged.
    """
    from rich.console import Console

    from helsemonitor.errors import PlaceUnfit
    from helsemonitor.shelf import current_release
    from orchestration.status import describe, ladder, running_sentence

    settings = Settings.from_environment()
    code = 0
    try:
        release = current_release(settings)
    except PlaceUnfit as problem:
        click.echo(f"release  {problem}")
        code = UNFIT
    else:
        for line in describe(settings, release):
            click.echo(line)
        if release:
            # Labels are text: no square bracket of theirs is markup.
            console = Console(markup=False, emoji=False)
            ladder(console if console.is_terminal else Console(width=200, markup=False, emoji=False), release)
    click.echo(f"now      {running_sentence(settings.lock_file)}")
    sys.exit(code)


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


@main.command()
@click.argument("file", type=FilePath())
@click.option("--survey", required=True, help="Survey that the file belongs to, as surveys.csv names it.")
@click.option("--year", required=True, type=click.IntRange(1, 9_999_999), help="Year of the delivered wave.")
@click.option("--respondents", type=click.IntRange(min=1), help="Number of respondents that the institute announced.")
@click.option("--out", type=FilePath(), help="Write the differences to this file, too: .csv or .html by its name.")
def diff(file: Path, survey: str, year: int, respondents: int | None, out: Path | None) -> None:
    """Say what a delivered file has otherwise than the wave before it, with the evidence.

    FILE is .csv (also gzipped), .sav, .xlsx or .parquet. Columns are found again by their answers, order, names and
    texts, whatever they are called. Nothing is changed.

    Exit code 0: nothing differs; 1: something does, or the file is refused; 2: wrong usage.
    """
    from rich.console import Console

    from helsemonitor.landing.comparison import compare
    from helsemonitor.landing.formats import read_delivery
    from helsemonitor.place import seeds_problem
    from orchestration import deliveries

    settings = Settings.from_environment()
    if problem := seeds_problem(settings) or (out and deliveries.out_problem(settings, file, out)):
        raise click.UsageError(problem)
    comparison = compare(settings, read_delivery(file), survey, year, respondents)
    console = Console(markup=False, emoji=False)
    if console.is_terminal:
        console.print(deliveries.as_table(comparison), deliveries.summary(comparison))
    else:
        for line in deliveries.lines(comparison):
            click.echo(line)
    if out:
        deliveries.write(comparison, out)
    sys.exit(DIFFERENT if comparison.differences else 0)


@main.command()
@click.argument("file", type=FilePath())
@click.option("--survey", required=True, help="Survey that the file belongs to, as surveys.csv names it.")
@click.option("--year", required=True, type=click.IntRange(1, 9_999_999), help="Year of the delivered wave.")
@click.option("--respondents", type=click.IntRange(min=1), help="Number of respondents that the institute announced.")
@click.option("--replace", "replaces", is_flag=True, help="Take the place of another file of that wave, which is kept.")
def land(file: Path, survey: str, year: int, respondents: int | None, replaces: bool) -> None:
    """Write a delivered file as the raw file of a wave, and propose what the codebook has to say of it.

    FILE is .csv (also gzipped), .sav, .xlsx or .parquet. It is kept as it came in landing/delivered, beside the folder
    of the seeds; what is refused lies in landing/rejected with the reasons. The same file lands once. Rows that the
    codebook needs for the wave wait in landing/proposed for a review.

    Exit code 0: landed, or landed before; 1: refused, nothing has changed; 2: wrong usage.
    """
    from rich.console import Console

    from helsemonitor.place import seeds_problem
    from orchestration import landing

    settings = Settings.from_environment()
    if problem := seeds_problem(settings):
        raise click.UsageError(problem)
    console = Console(markup=False, emoji=False)
    if console.is_terminal:
        with console.status("landing") as status:
            landed = landing.land(settings, file, survey, year, replaces, respondents, status.update)
    else:
        landed = landing.land(settings, file, survey, year, replaces, respondents)
    for line in landing.summary(settings, landed):
        click.echo(line)


@main.command()
@click.argument("wave", required=False, default="")
@click.option("--list", "is_list", is_flag=True, help="Show what waits, and ask nothing.")
@click.option("--accept", "accepted", multiple=True, metavar="NAME", help="Accept a proposal; `all` for all that wait.")
@click.option("--reject", "rejected", multiple=True, metavar="NAME", help="Reject a proposal; `all` for all that wait.")
@click.option(
    "--set",
    "cells",
    multiple=True,
    nargs=2,
    metavar="NAME TABLE[N].COLUMN=CELL",
    help="Give the rows of a proposal another cell, before it is accepted; N is the row of that table, all by default.",
)
def review(
    wave: str, is_list: bool, accepted: tuple[str, ...], rejected: tuple[str, ...], cells: tuple[tuple[str, str], ...]
) -> None:
    """Walk through the proposals of a landed wave: accept, edit or reject each.

    WAVE is the wave as its raw file is called, such as survey_year; by default all that wait. On a terminal each
    proposal is shown with what was seen, what it does to the series and its rows. With --accept, --reject or --set
    nothing is asked.

    Exit code 0: nothing waits any more; 1: something does, or a name or cell is refused; 2: wrong usage.
    """
    from helsemonitor.place import seeds_problem
    from helsemonitor.proposals.review import find
    from orchestration import reviewing

    settings = Settings.from_environment()
    if problem := seeds_problem(settings):
        raise click.UsageError(problem)
    waves = find(settings, wave)
    if accepted or rejected or cells:
        if len(waves) != 1:
            names = ", ".join(proposed.wave_id for proposed in waves) or "none"
            raise click.UsageError(f"Name the wave whose proposals are decided; there wait: {names}.")
        waves = [reviewing.decide(settings, waves[0].wave_id, cells, accepted, rejected)]
    elif not is_list and sys.stdin.isatty():
        waves = reviewing.walk(settings, waves)
    else:
        click.echo("\n".join(reviewing.listed(waves)))
    click.echo("\n".join(reviewing.closing(settings, waves)))
    sys.exit(DIFFERENT if any(proposed.waiting for proposed in waves) else 0)


@main.command("new-survey")
@click.argument("files", nargs=-1, required=True, type=FilePath())
@click.option("--survey", required=True, help="Id of the new survey: small letters, digits and _.")
@click.option(
    "--year",
    "years",
    multiple=True,
    type=click.IntRange(1, 9_999_999),
    help="Year of each file, in their order; by default the one number of four digits in its name.",
)
def new_survey(files: tuple[Path, ...], survey: str, years: tuple[int, ...]) -> None:
    """Draft the codebook of a survey that has none, from the files of one or several waves.

    FILES are .csv (also gzipped), .sav, .xlsx or .parquet. Rows are written to the codebook of the seeds folder
    (HELSEMONITOR_SEEDS, made where it is not there) and the files to its raw folder. Nothing is built before a person
    has read the rows and marked the waves as reviewed.

    Exit code 0: drafted; 1: refused, nothing has changed; 2: wrong usage.
    """
    from orchestration import landing

    settings = Settings.from_environment()
    if not re.fullmatch("[a-z][a-z0-9_]*", survey):
        raise click.UsageError(f"--survey is '{survey}'; write small letters, digits and _, a letter first.")
    if years and len(years) != len(files):
        raise click.UsageError(f"{len(files)} files and {len(years)} years: give --year once for each file, in order.")
    found = list(years) or [landing.year_in(file) for file in files]
    for file, year in zip(files, found, strict=True):
        if year is None:
            raise click.UsageError(f"{file.name} has no year, or several, in its name: give --year for each file.")
    waves = [(year, file) for file, year in zip(files, found, strict=True) if year is not None]
    for line in landing.new_survey_summary(settings, landing.new_survey(settings, survey, waves)):
        click.echo(line)


if __name__ == "__main__":
    main()
