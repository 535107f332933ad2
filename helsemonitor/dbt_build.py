"""The dbt build: its arguments, the run in this process, and what it counted."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from helsemonitor.artifacts import MANIFEST, RESULTS, clear_artifacts, read_json, seal_parsed
from helsemonitor.build_failures import explain_build, noting_models, stated_problems
from helsemonitor.codebook import Wave
from helsemonitor.inputs import Inputs, inputs_of, is_sealed, seal_warehouse, sealed_inputs
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from helsemonitor.warehouse import remove_warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

Progress = Callable[[int, int, str], None]
Callbacks = Sequence[Callable[["EventMsg"], None]]


@dataclass(frozen=True)
class Built:
    """A finished build.

    Args:
        counts: Seeds, models, checks passed and warnings.
        notes: Sentences about what is to be known and stops nothing.
    """

    counts: Mapping[str, int]
    notes: tuple[str, ...]


def dbt_vars(settings: Settings, waves: Sequence[Wave], chosen: Sequence[Wave] | None = None) -> list[str]:
    """Arguments that tell dbt which waves there are, which of them it may touch, and who is to read the release."""
    values = {
        "waves": sorted((wave.variable for wave in waves), key=lambda wave: (wave["survey"], wave["year"])),
        "disclosure": settings.disclosure,
        **({} if chosen is None else {"only_waves": [wave.seed for wave in chosen]}),
    }
    return ["--vars", json.dumps(values)]


def dbt_build_arguments(settings: Settings, waves: Sequence[Wave], seeds: Sequence[str] | None = None) -> list[str]:
    """Arguments of the build, the same whoever runs it.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        seeds: Names of the seeds whose files have changed: they and what is made of them are built; all by default.
    """
    selected = [] if seeds is None else ["--select", *(f"{seed}+" for seed in seeds)]
    # Unit tests test the models with made-up rows; they belong to `make test`, not to every refresh of the data.
    return ["build", *selected, "--exclude-resource-type", "unit_test", *dbt_vars(settings, waves)]


def dbt_project_arguments(settings: Settings) -> list[str]:
    """Arguments that tie dbt to the project's folders and keep it off the terminal and the network."""
    return [
        "--project-dir",
        str(settings.project_dir),
        "--profiles-dir",
        str(settings.project_dir),
        "--target-path",
        str(settings.dbt_target_dir),
        "--log-path",
        str(settings.logs_dir),
        "--log-level",
        "none",
        "--no-send-anonymous-usage-stats",
    ]


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables and put the former ones back at the end."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def project_environment(settings: Settings) -> AbstractContextManager[None]:
    """Set the project's variables for as long as dbt runs in this process."""
    return environment(settings.environment)


def build_counts(results: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count models, seeds and passed tests of a build."""
    kinds = [(row["unique_id"].split(".", 1)[0], row["status"]) for row in results]
    return {
        "seeds": kinds.count(("seed", "success")),
        "models": kinds.count(("model", "success")),
        "checks_passed": kinds.count(("test", "pass")),
        "warnings": kinds.count(("test", "warn")),
    }


def _progress_callback(on_progress: Progress) -> Callable[["EventMsg"], None]:
    finished = 0

    def callback(event: "EventMsg") -> None:
        nonlocal finished
        if event.info.name == "LogStartLine":
            on_progress(finished, event.data.total, event.data.node_info.node_name)
        elif event.info.name == "NodeFinished":
            finished += 1

    return callback


def changed_seeds(settings: Settings, inputs: Inputs, before: Inputs | None) -> tuple[str, ...] | None:
    """Names of the seeds that the warehouse was not made of; None where every step has to be taken.

    Args:
        settings: Folders of the project.
        inputs: What is to be built.
        before: What all of the warehouse is made of, where that is certain.
    """
    if before is None or before.code != inputs.code or not (settings.dbt_target_dir / MANIFEST).is_file():
        return None
    return tuple(Path(name).stem for name in inputs.changed_seeds(before))


@dataclass(frozen=True)
class Plan:
    """What a build has to do.

    Args:
        inputs: What the warehouse will be made of.
        waves: Declared waves.
        seeds: Names of the seeds that have changed; None where every step is taken.
        manifest: The parsed project; None where nothing has changed.
        is_full: Whether the warehouse is built from nothing.
    """

    inputs: Inputs
    waves: tuple[Wave, ...]
    seeds: tuple[str, ...] | None
    manifest: "Manifest | None"
    is_full: bool


def _invoke(
    settings: Settings, arguments: Sequence[str], manifest: "Manifest | None" = None, callbacks: Callbacks = ()
) -> object:
    """Run a command of dbt in this process and return its result.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    with project_environment(settings):
        try:
            runner = dbtRunner(manifest=manifest, callbacks=list(callbacks))
            outcome = runner.invoke([*arguments, *dbt_project_arguments(settings)])
        finally:
            # dbt keeps the file open for the next invocation in this process; the next stages read it.
            DuckDBConnectionManager.close_all_connections()
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if not outcome.success:
        raise explain_build(settings, settings.dbt_target_dir, str(outcome.exception)) from outcome.exception
    return outcome.result


def plan_build(settings: Settings, waves: Sequence[Wave], is_full: bool = False) -> Plan:
    """Find out what has changed, and parse the project.

    The caller holds the writer's lock, and the gates have put every file where dbt reads it. A warehouse that
    cannot be built upon (see `is_sealed`) is made from nothing. Else the steps that no changed seed reaches are left
    out; where the code has changed, every step is taken, and the waves of tables by wave stand that are made of the
    same (see macros/by_wave.sql).

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        is_full: Whether to build from nothing, whatever there is.

    Raises:
        BuildError: The project cannot be parsed.
    """
    ensure_record_key_secret(settings)
    inputs = inputs_of(settings, settings.gated_seeds_dir)
    before = sealed_inputs(settings)
    # A warehouse keeps what a seed left that is gone: a wave's respondents.
    lost = before is not None and not before.seeds.keys() <= inputs.seeds.keys()
    is_full = is_full or lost or not is_sealed(settings)
    seeds = None if is_full else changed_seeds(settings, inputs, before)
    if seeds == ():
        return Plan(inputs, tuple(waves), seeds, None, is_full)
    clear_artifacts(settings.dbt_target_dir)
    manifest = cast("Manifest", _invoke(settings, ["parse", "--no-write-json", *dbt_vars(settings, waves)]))
    return Plan(inputs, tuple(waves), seeds, manifest, is_full)


def build_waves(settings: Settings, waves: Sequence[Wave], chosen: Sequence[Wave]) -> Built:
    """Build the rows of some waves in every table by wave, and no other wave's. The caller holds the writer's lock.

    What comes after those tables is left as it is, until the warehouse is built.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        chosen: The waves to build; the gates have put their files where dbt reads them.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    ensure_record_key_secret(settings)
    clear_artifacts(settings.dbt_target_dir)
    others = [wave.seed for wave in waves if wave not in chosen] if is_sealed(settings) else []
    arguments = ["build", "--select", "+config.materialized:by_wave", "--exclude-resource-type", "unit_test"]
    arguments += ["--exclude", *others] if others else []
    settings.warehouse_seal.unlink(missing_ok=True)
    if not others:
        remove_warehouse(settings)
    _invoke(settings, [*arguments, *dbt_vars(settings, waves, chosen if others else waves)])
    seal_warehouse(settings)
    return Built(build_counts(read_json(settings.dbt_target_dir / RESULTS)["results"]), ())


def build_after(settings: Settings, waves: Sequence[Wave], there: Sequence[str]) -> None:
    """Build what comes after models that are in the warehouse already. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        there: Names of the models that are there, and of seeds that nothing behind them reads.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    clear_artifacts(settings.dbt_target_dir)
    # A test that reads more than is there belongs to this build.
    selection = ["--exclude", *there, "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test"]
    _invoke(settings, ["build", *selection, *dbt_vars(settings, waves)])


def _with_notes(settings: Settings, counts: Mapping[str, int]) -> Built:
    """What was counted, with the notes that the warehouse holds, whichever run has put them there."""
    tables = noting_models(read_json(settings.dbt_target_dir / MANIFEST))
    notes = [stated_problems(settings, [table], "note") for table in tables]
    warnings = sum(bool(said) for said in notes)
    return Built({**counts, "warnings": warnings}, tuple(sentence for said in notes for sentence in said))


def build_warehouse(settings: Settings, plan: Plan, on_progress: Progress | None = None) -> Built:
    """Run `dbt build` in this process. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        plan: What is to be built.
        on_progress: Told of every step.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    if plan.seeds == ():
        return _with_notes(settings, {})
    settings.warehouse_seal.unlink(missing_ok=True)
    if plan.is_full:
        remove_warehouse(settings)
    callbacks = [_progress_callback(on_progress)] if on_progress else []
    _invoke(settings, dbt_build_arguments(settings, plan.waves, plan.seeds), plan.manifest, callbacks)
    seal_parsed(settings.dbt_target_dir)
    seal_warehouse(settings, plan.inputs)
    return _with_notes(settings, build_counts(read_json(settings.dbt_target_dir / RESULTS)["results"]))
