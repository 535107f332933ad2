"""The road as stages: the command line and the Dagster assets call the same functions.

    codebook gate -> raw gate -> warehouse (dbt build) -> marts gate -> publish

A stage returns what it counted, raises `DataRefused` where the data are not fit, and any other exception where it is
broken itself. Heavy libraries are imported inside the stage that needs them, so that `helsemonitor --help` is quick.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from expectations.keeper import Keeper, in_process
from helsemonitor.codebook import Wave, raw_file, read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.inputs import inputs_of, is_sealed
from helsemonitor.lock import writer
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from helsemonitor.shelf import release_of
from orchestration.stopping import raise_if_stopped

if TYPE_CHECKING:
    from expectations.keeper import Begin
    from helsemonitor.dbt_build import Plan, Progress
    from helsemonitor.inputs import Inputs
    from helsemonitor.shelf import Release

MANIFEST_PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations")


@dataclass(frozen=True)
class StageResult:
    """What a stage did.

    Args:
        stage: Name of the stage.
        seconds: Wall-clock time.
        counts: What it counted, by name.
        notes: Sentences about what is to be known and stops nothing.
    """

    stage: str
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefreshResult:
    """A finished refresh.

    Args:
        stages: What its stages did; none where nothing has changed since the release.
        release: The release it published, or found to be of the same inputs.
        notes: Sentences about what was put right before the first stage.
    """

    stages: tuple[StageResult, ...]
    release: "Release"
    notes: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether there was nothing to do."""
        return not self.stages

    def total(self, count: str) -> int:
        """Sum of a count over the stages."""
        return sum(stage.counts.get(count, 0) for stage in self.stages)


class Reporter(Protocol):
    """Somebody who watches a refresh."""

    def started(self, stage: str) -> None:
        """Called before a stage."""

    def progress(self, done: int, total: int, label: str) -> None:
        """Called within a stage that counts its steps."""

    def finished(self, result: StageResult) -> None:
        """Called after a stage."""


class Stages:
    """The stages of a run, told to whoever watches it.

    Args:
        reporter: Told of every stage.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.done_so_far: list[StageResult] = []

    def start(self, stage: str) -> None:
        """Begin a stage, unless the run was asked to end."""
        raise_if_stopped()
        self._reporter.started(stage)

    def done(self, result: StageResult) -> None:
        """Keep what a stage did."""
        self.done_so_far.append(result)
        self._reporter.finished(result)


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise DataRefused(sentences)


def gate_codebook(settings: Settings) -> StageResult:
    """Let only a sound codebook pass, and write it in the one form that dbt reads.

    Raises:
        DataRefused: Proposals wait for review, a file cannot be read, a cell breaks the schema, or a row makes no
            sense.
    """
    from helsemonitor.codebook.gate import read_codebook, write_codebook
    from helsemonitor.codebook.rules import all_rules
    from helsemonitor.proposals.store import waiting_sentences

    started = time.perf_counter()
    if waiting := waiting_sentences(settings):
        raise DataRefused(waiting)
    book = read_codebook(settings)
    write_codebook(book, settings.gated_seeds_dir)
    counts = {"files": sum(bool(read.rows) for read in book.reads.values()), "checks_passed": len(all_rules())}
    return StageResult("codebook gate", time.perf_counter() - started, counts)


def _forget_raw(settings: Settings, waves: Sequence[Wave]) -> None:
    """Remove copies of raw files of waves that are not declared any more: dbt would load them."""
    kept = {f"{wave.seed}.csv" for wave in waves}
    for path in (settings.gated_seeds_dir / "raw").iterdir():
        if path.name not in kept:
            path.unlink()


class RawGate:
    """The gate of the raw files, begun: every file has been read, and the suites run where `begin` runs them.

    Waves that have passed as they are pass unseen.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        on_progress: Told of every file.
        begin: Runs the suites.
    """

    def __init__(
        self,
        settings: Settings,
        waves: Sequence[Wave],
        on_progress: "Progress | None" = None,
        begin: "Begin" = in_process,
    ) -> None:
        from expectations.gates import read_raw_files, undeclared_files

        self._started = time.perf_counter()
        self._waves = waves
        self._undeclared = undeclared_files(settings, waves)
        reading = read_raw_files(settings, waves, on_progress, settings.gated_seeds_dir / "raw")
        self._judged = reading.begin(begin)
        self.is_readable = reading.is_readable and not self._undeclared
        if self.is_readable:
            _forget_raw(settings, waves)

    def finish(self) -> StageResult:
        """Wait for the suites and let only sound raw files pass.

        Raises:
            DataRefused: A file is missing, undeclared or fails an expectation.
        """
        checks = self._judged()
        _refuse([*self._undeclared, *(sentence for check in checks for sentence in check.sentences)])
        counts = {
            "waves": len(self._waves),
            "respondents": sum(check.respondents for check in checks),
            "checks_passed": sum(check.passed for check in checks),
        }
        notes = tuple(note for check in checks for note in check.notes)
        return StageResult("raw gate", time.perf_counter() - self._started, counts, notes)


def gate_raw(settings: Settings, waves: Sequence[Wave], on_progress: "Progress | None" = None) -> StageResult:
    """Let only sound raw files pass; see `RawGate`."""
    return RawGate(settings, waves, on_progress).finish()


def plan_build(settings: Settings, waves: Sequence[Wave], is_full: bool = False) -> "Plan":
    """Find out what has changed, and parse the dbt project; see `helsemonitor.dbt_build.plan_build`."""
    from helsemonitor import dbt_build

    return dbt_build.plan_build(settings, waves, is_full)


def build_warehouse(
    settings: Settings, waves: Sequence[Wave], on_progress: "Progress | None" = None, plan: "Plan | None" = None
) -> StageResult:
    """Build seeds, models and data tests: of what has changed, or all. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        on_progress: Told of every step.
        plan: What is to be built; by default what has changed.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    from helsemonitor import dbt_build

    started = time.perf_counter()
    built = dbt_build.build_warehouse(settings, plan or plan_build(settings, waves), on_progress)
    return StageResult("warehouse", time.perf_counter() - started, built.counts, built.notes)


def build_waves(settings: Settings, waves: Sequence[Wave], chosen: Sequence[Wave]) -> StageResult:
    """Gate some waves, and build their rows in every table by wave. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        chosen: The waves to build.

    Raises:
        DataRefused: The codebook or a file does not pass its gate, or a data test fails.
        BuildError: dbt itself failed.
    """
    from expectations.gates import read_raw_files
    from helsemonitor import dbt_build

    started = time.perf_counter()
    gate_codebook(settings)
    # Without a warehouse every wave is built, so that dbt finds what it reads.
    looked_at = chosen if is_sealed(settings) else waves
    checks = read_raw_files(settings, looked_at, copies=settings.gated_seeds_dir / "raw").begin()()
    _refuse([sentence for check in checks for sentence in check.sentences])
    built = dbt_build.build_waves(settings, waves, chosen)
    return StageResult("waves", time.perf_counter() - started, {"waves": len(chosen), **built.counts}, built.notes)


def gate_marts(settings: Settings, begin: "Begin" = in_process) -> StageResult:
    """Let only sound marts pass.

    Raises:
        DataRefused: An expectation fails.
    """
    from expectations.gates import check_marts

    started = time.perf_counter()
    gate = check_marts(settings, begin)
    _refuse(gate.sentences)
    return StageResult("marts gate", time.perf_counter() - started, {"checks_passed": gate.passed})


def publish(
    settings: Settings, waves: Sequence[Wave], target_dir: Path | None = None, inputs: "Inputs | None" = None
) -> tuple[StageResult, "Release"]:
    """Publish the marts of the warehouse as the current release. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        target_dir: Folder with the artifacts of the build; dbt's own by default.
        inputs: What the release is made of, where that is certain.

    Raises:
        DataRefused: The marts did not pass their gate, hold a column of single respondents, or the inputs have changed.
        PlaceUnfit: The artifacts of the build are missing or damaged.
    """
    from expectations.gates import refuse_unchecked_marts
    from helsemonitor.artifacts import file_sha256
    from helsemonitor.facts import grains, mart_names, read_build_manifest, reconciliation, warehouse_counts
    from helsemonitor.releases import publish_release

    started = time.perf_counter()
    refuse_unchecked_marts(settings)
    manifest = read_build_manifest(settings, target_dir or settings.dbt_target_dir)
    counts = warehouse_counts(settings)
    facts = {
        "counts": {"waves": len(waves), **counts},
        "disclosure": settings.disclosure,
        "reconciliation": reconciliation(settings),
        "grain": grains(manifest),
        "raw_sha256": {wave.wave_id: file_sha256(raw_file(settings, wave)) for wave in waves},
        "inputs": inputs.as_json() if inputs else None,
        "versions": {package: version(package) for package in MANIFEST_PACKAGES},
    }

    def last_call() -> None:
        raise_if_stopped()
        if inputs:
            refuse_moved(settings, inputs)

    release = publish_release(settings, waves, facts, mart_names(manifest), last_call)
    tables = release.manifest["tables"]
    counts |= {"tables": len(tables), "rows": sum(table["rows"] for table in tables.values())}
    counts.pop("respondents")
    return StageResult("publish", time.perf_counter() - started, counts, release.notes), release


def refuse_moved(settings: Settings, inputs: "Inputs") -> None:
    """Refuse what was made of inputs that are not the ones any more.

    Args:
        settings: Folders of the project.
        inputs: What they were when the run began.

    Raises:
        DataRefused: One sentence per file that came, went or changed meanwhile.
    """
    now = inputs_of(settings, settings.seeds_dir)
    moved = {*now.changed_seeds(inputs), *inputs.changed_seeds(now)}
    sentences = [
        f"{settings.shown(settings.seeds_dir / name)} was changed while the refresh ran; start it again."
        for name in sorted(moved)
    ]
    if (now.code, now.setting) != (inputs.code, inputs.setting):
        sentences.append("The code, the packages or the profile changed while the refresh ran; start it again.")
    _refuse(sentences)


def refresh(settings: Settings, who: str, reporter: Reporter, is_full: bool = False) -> RefreshResult:
    """Run the whole road under the writer's lock, where anything has changed since the current release.

    Args:
        settings: Folders of the project.
        who: What starts the refresh, as words of a sentence.
        reporter: Told of every stage.
        is_full: Whether to build everything from nothing, whatever has changed.

    Raises:
        DataRefused: At any stage; the current release is as it was.
        PlaceUnfit: The build folder cannot take what a run writes, or another refresh is under way.
    """
    stages = Stages(reporter)
    start, done = stages.start, stages.done
    with writer(settings, who) as notes, Keeper() as keeper:
        ensure_record_key_secret(settings)
        inputs = inputs_of(settings, settings.seeds_dir)
        if not is_full and (unchanged := release_of(settings, inputs)):
            return RefreshResult((), unchanged, notes)
        if is_full:
            settings.raw_memory.unlink(missing_ok=True)
        keeper.start()
        start("codebook gate")
        done(gate_codebook(settings))
        waves = read_waves(settings)
        start("raw gate")
        gate = RawGate(settings, waves, reporter.progress, keeper.begin)
        # While another core runs the suites.
        plan = plan_build(settings, waves, is_full) if gate.is_readable else None
        done(gate.finish())
        start("warehouse")
        done(build_warehouse(settings, waves, reporter.progress, plan))
        start("marts gate")
        done(gate_marts(settings, keeper.begin))
        start("publish")
        result, release = publish(settings, waves, inputs=inputs)
        done(result)
    return RefreshResult(tuple(stages.done_so_far), release, notes)
