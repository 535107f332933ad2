"""What the Dagster assets share: the project's folders, dbt, and the writer's lock."""

import os
import sysconfig
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject

from helsemonitor.codebook import Wave, read_waves
from helsemonitor.codebook.gate import read_codebook, write_codebook
from helsemonitor.dbt_build import dbt_vars, environment
from helsemonitor.errors import Refusal
from helsemonitor.lock import writer
from helsemonitor.settings import Settings

settings = Settings.from_environment()
# The waves that checks and dbt's graph are drawn with. What a run does is about those that are declared when it runs.
drawn_waves = read_waves(settings)


@contextmanager
def refusals_fail() -> Iterator[None]:
    """Let a refusal end the step with its sentences, and without another try.

    Raises:
        Failure: Something was refused.
    """
    try:
        yield
    except Refusal as refusal:
        raise dg.Failure(description=str(refusal), allow_retries=False) from refusal


def declared_as_drawn() -> tuple[Wave, ...]:
    """The declared waves, which are those that dbt's graph was drawn with.

    Raises:
        Failure: waves.csv declares others since; a step of dbt that the graph does not have would be missed.
    """
    with refusals_fail():
        waves = read_waves(settings)
    drawn, declared = ({wave.wave_id for wave in some} for some in (drawn_waves, waves))
    if drawn != declared:
        raise dg.Failure(
            description=f"{settings.shown(settings.codebook_dir / 'waves.csv')} declares other waves than when Dagster "
            f"loaded the project ({', '.join(sorted(drawn ^ declared))}); reload the code location, and start the run "
            "again.",
            allow_retries=False,
        )
    return waves


def no_network() -> AbstractContextManager[None]:
    """Lead HTTP of child processes to a closed port.

    DbtCliResource asks `dbt --version` for dbt's version, and that command looks newer ones up on the network.
    """
    return environment(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"))


def place_seeds() -> None:
    """Put the codebook, and a file for every declared wave, where dbt looks for seeds.

    dbt draws the graph by the seeds that are there; the gates put the files of a run in their place. A wave that nobody
    has reviewed yet may be drawn: until then it can be landed and checked, and a build refuses it.

    Raises:
        DataRefused: The codebook does not pass its gate.
    """
    write_codebook(read_codebook(settings, may_be_unreviewed=True), settings.gated_seeds_dir)
    raw = settings.gated_seeds_dir / "raw"
    raw.mkdir(exist_ok=True)
    for wave in drawn_waves:
        (raw / f"{wave.seed}.csv").touch()


@cache
def dbt_project() -> DbtProject:
    """Describe the dbt project to Dagster, parsed anew: an older graph would miss or invent steps of the build.

    dbt runs in processes of its own here: they inherit the folders, and are found without an activated environment.
    """
    os.environ.update(settings.environment)
    place_seeds()
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    project = DbtProject(
        project_dir=settings.project_dir,
        target_path=settings.dagster_target_dir / "load",
        # What an earlier process left of a parsed project may be damaged.
        prepare_project_cli_args=["--no-partial-parse", "parse", "--quiet", *dbt_vars(settings, drawn_waves)],
    )
    with no_network():
        project.preparer.prepare(project)
    return project


class WriterLock(dg.ConfigurableResource):
    """The writer's lock, held from the start of a run to its end."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WriterLock"]:
        """Hold the lock; a refresh that runs elsewhere makes this run fail with a sentence."""
        name = f"Dagster run {context.run.run_id[:8]}" if context.run else "Dagster"
        with writer(settings, name) as notes:
            for note in notes:
                if context.log:
                    context.log.warning(note)
            yield self


def resources() -> dict[str, object]:
    """The resources of the definitions, by the names that the assets ask for."""
    return {"dbt": DbtCliResource(project_dir=dbt_project()), "writer_lock": WriterLock()}
