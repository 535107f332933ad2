"""The stages of a refresh, as plain functions: the command line and the Dagster assets call the same ones.

    raw gate -> warehouse (dbt build) -> marts gate -> publish

A stage returns what it counted, raises `DataRefused` where the data are not fit, and any other exception where it is
broken itself. Heavy libraries are imported inside the stage that needs them, so that `helsemonitor --help` is quick.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from orchestration.codebook import Wave, raw_file, read_waves
from orchestration.errors import DataRefused
from orchestration.lock import writer
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

    from expectations.runner import Gate
    from orchestration.publish import Release

PROBLEMS_TEST = "states_no_problem"
MANIFEST_PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations")

Progress = Callable[[int, int, str], None]


class BuildError(RuntimeError):
    """The warehouse could not be built for a reason that is not in the data."""


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
    """A finished refresh: its stages and the release it published."""

    stages: tuple[StageResult, ...]
    release: "Release"

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


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise DataRefused(sentences)


@dataclass(frozen=True)
class WaveCheck:
    """What the raw gate found in one wave file.

    Args:
        wave: The wave.
        respondents: Rows of the file.
        passed: Expectations that hold.
        sentences: What is wrong with the file.
    """

    wave: Wave
    respondents: int
    passed: int
    sentences: tuple[str, ...]


def check_raw(
    settings: Settings, waves: Sequence[Wave], docs: str = "raw", on_progress: Progress | None = None
) -> tuple[WaveCheck, ...]:
    """Hold raw wave files against their suites.

    Args:
        settings: Folders of the project.
        waves: Waves to look at.
        docs: Name of the folder for the pages with the results.
        on_progress: Told after every file that was read.

    Returns:
        One check per wave, in the order given.
    """
    from expectations import frames, runner, thresholds

    limits = thresholds.read_thresholds()
    delivered = frames.delivered_columns(settings)
    read = []
    for done, wave in enumerate(waves, start=1):
        read.append(
            frames.raw_wave(settings, wave, delivered.get((wave.survey, str(wave.year)), frames.NOTHING), limits)
        )
        if on_progress:
            on_progress(done, len(waves), wave.wave_id)
    gate = runner.run(docs, [batch for raw in read for batch in raw.batches], settings.data_docs_dir)
    outcomes = {outcome.suite: outcome for outcome in gate.outcomes}
    checks = []
    for wave, raw in zip(waves, read, strict=True):
        own = [outcomes[batch.suite.name] for batch in raw.batches]
        sentences = [*raw.sentences, *(sentence for outcome in own for sentence in outcome.sentences)]
        checks.append(WaveCheck(wave, raw.rows, sum(outcome.passed for outcome in own), tuple(sentences)))
    return tuple(checks)


def undeclared_files(settings: Settings, waves: Sequence[Wave]) -> list[str]:
    """Sentences about raw files that no row of waves.csv declares."""
    declared = {wave.wave_id for wave in waves}
    return [
        f"{settings.shown(path)}: waves.csv does not declare this wave; add its row or remove the file."
        for path in sorted(settings.raw_dir.glob("*.csv"))
        if path.stem not in declared
    ]


def gate_raw(settings: Settings, waves: Sequence[Wave], on_progress: Progress | None = None) -> StageResult:
    """Let only sound raw files pass.

    Raises:
        DataRefused: A file is missing, undeclared or fails an expectation.
    """
    started = time.perf_counter()
    checks = check_raw(settings, waves, on_progress=on_progress)
    _refuse([*undeclared_files(settings, waves), *(sentence for check in checks for sentence in check.sentences)])
    counts = {
        "waves": len(waves),
        "respondents": sum(check.respondents for check in checks),
        "checks_passed": sum(check.passed for check in checks),
    }
    return StageResult("raw gate", time.perf_counter() - started, counts)


def _warehouse_state(settings: Settings) -> dict[str, int]:
    found = settings.warehouse.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}


def check_marts(settings: Settings) -> "Gate":
    """Hold the built marts against their suites, and remember which state of the warehouse passed them all."""
    from expectations import frames, runner, thresholds

    settings.marts_seal.unlink(missing_ok=True)
    state = _warehouse_state(settings)
    batches = frames.mart_batches(settings.warehouse, thresholds.read_thresholds())
    gate = runner.run("marts", batches, settings.data_docs_dir)
    if not gate.sentences:
        settings.marts_seal.write_text(json.dumps(state), encoding="utf-8")
    return gate


def refuse_unchecked_marts(settings: Settings) -> None:
    """Refuse to publish a warehouse that was built or changed after the marts gate, or never came through it.

    Dagster lets a person run any step by itself; this holds then, too.

    Raises:
        DataRefused: The warehouse is not in the state that passed the gate.
    """
    seal = settings.marts_seal
    if not seal.exists() or _read_json(seal) != _warehouse_state(settings):
        raise DataRefused(
            [
                f"The marts of {settings.shown(settings.warehouse)} have not passed their expectations since they were "
                "last built; run the whole road (`helsemonitor refresh` or the job annual_refresh)."
            ]
        )


def gate_marts(settings: Settings) -> StageResult:
    """Let only sound marts pass.

    Raises:
        DataRefused: An expectation fails.
    """
    started = time.perf_counter()
    gate = check_marts(settings)
    _refuse(gate.sentences)
    return StageResult("marts gate", time.perf_counter() - started, {"checks_passed": gate.passed})


def dbt_vars(settings: Settings, waves: Sequence[Wave]) -> list[str]:
    """Arguments that tell dbt which waves there are and who is to read the release."""
    values = {"waves": sorted(wave.wave_id for wave in waves), "disclosure": settings.disclosure}
    return ["--vars", json.dumps(values)]


def dbt_build_arguments(settings: Settings, waves: Sequence[Wave]) -> list[str]:
    """Arguments of the build, the same whoever runs it."""
    # Unit tests test the models with made-up rows; they belong to `make test`, not to every refresh of the data.
    return ["build", "--exclude-resource-type", "unit_test", *dbt_vars(settings, waves)]


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
def project_environment(settings: Settings) -> Iterator[None]:
    """Set the project's variables for as long as dbt runs in this process."""
    before = {name: os.environ.get(name) for name in settings.environment}
    os.environ.update(settings.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _stated_problems(settings: Settings, tables: Sequence[str]) -> list[str]:
    import duckdb

    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return [
            sentence
            for table in tables
            for (sentence,) in connection.execute(f"select sentence from {table} order by all").fetchall()
        ]


def _test_sentence(node: Mapping[str, Any], manifest: Mapping[str, Any], failures: int) -> str:
    tested = manifest["nodes"].get(node.get("attached_node") or "") or next(
        (manifest["nodes"][name] for name in node["depends_on"]["nodes"] if name in manifest["nodes"]), None
    )
    place = f" of {tested['schema']}.{tested['name']}" if tested else ""
    column = f", column {node['column_name']}," if node.get("column_name") else ""
    rows = "1 row that breaks" if failures == 1 else f"{failures} rows that break"
    meaning = f" {node['description']}" if node.get("description") else ""
    return (
        f"The test {node['name']}{place}{column} finds {rows} it "
        f"({node['original_file_path']}); compare the codebook and the wave files that feed it.{meaning}"
    )


def stating_models(results: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any], status: str) -> list[str]:
    """Tables whose rows are sentences and whose test ended with a status, `fail` or `warn`."""
    tests = [manifest["nodes"][row["unique_id"]] for row in results if row["status"] == status]
    stating = [node for node in tests if (node.get("test_metadata") or {}).get("name") == PROBLEMS_TEST]
    models = [manifest["nodes"][node["attached_node"]] for node in stating]
    return [f"{model['schema']}.{model['name']}" for model in models]


def explain_failure(
    results: Sequence[Mapping[str, Any]],
    manifest: Mapping[str, Any],
    problems: Callable[[Sequence[str]], list[str]],
) -> DataRefused | BuildError:
    """Say why a build failed.

    Models whose rows are sentences come first: where there are any, whatever else failed follows from them.

    Args:
        results: `results` of dbt's run_results.json.
        manifest: dbt's manifest.json.
        problems: Reads the sentences of the named tables; called only for tables whose test failed in this run.

    Returns:
        The exception to raise.
    """
    failed = [row for row in results if row["status"] == "fail"]
    stating = stating_models(results, manifest, "fail")
    if stating:
        return DataRefused(problems(stating))
    errors = [row for row in results if row["status"] in ("error", "runtime error")]
    if errors:
        texts = [f"{row['unique_id']}: {row.get('message') or 'no message'}" for row in errors]
        return BuildError("dbt could not build everything:\n" + "\n".join(texts))
    if failed:
        return DataRefused(
            _test_sentence(manifest["nodes"][row["unique_id"]], manifest, int(row.get("failures") or 0))
            for row in failed
        )
    return BuildError("dbt ended with an error and names no step; see its log.")


def forget_results(target_dir: Path) -> None:
    """Remove the results of an earlier build, so that they cannot be taken for this one's."""
    (target_dir / "run_results.json").unlink(missing_ok=True)


def explain_build(settings: Settings, target_dir: Path, said: str) -> DataRefused | BuildError:
    """Say why the build with these artifacts failed.

    Args:
        settings: Folders of the project.
        target_dir: Folder of the build's artifacts.
        said: What dbt itself said, for a failure before its first step.

    Returns:
        The exception to raise.
    """
    results_file = target_dir / "run_results.json"
    if not results_file.exists():
        return BuildError(f"dbt could not start to build: {said}")
    manifest = _read_json(target_dir / "manifest.json")
    return explain_failure(
        _read_json(results_file)["results"], manifest, lambda tables: _stated_problems(settings, tables)
    )


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


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def build_warehouse(settings: Settings, waves: Sequence[Wave], on_progress: Progress | None = None) -> StageResult:
    """Run `dbt build` in this process. The caller holds the writer's lock.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt itself failed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    started = time.perf_counter()
    forget_results(settings.dbt_target_dir)
    callbacks = [_progress_callback(on_progress)] if on_progress else []
    with project_environment(settings):
        try:
            outcome = dbtRunner(callbacks=callbacks).invoke(
                [*dbt_build_arguments(settings, waves), *dbt_project_arguments(settings)]
            )
        finally:
            # dbt keeps the file open for the next invocation in this process; the next stages read it.
            DuckDBConnectionManager.close_all_connections()
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if not outcome.success:
        raise explain_build(settings, settings.dbt_target_dir, str(outcome.exception)) from outcome.exception
    results = _read_json(settings.dbt_target_dir / "run_results.json")["results"]
    counts, notes = build_counts(results), ()
    if counts["warnings"]:
        manifest = _read_json(settings.dbt_target_dir / "manifest.json")
        notes = tuple(_stated_problems(settings, stating_models(results, manifest, "warn")))
    return StageResult("warehouse", time.perf_counter() - started, counts, notes)


def warehouse_counts(settings: Settings) -> dict[str, int]:
    """Count what the built warehouse holds: respondents, answers, items, indicators."""
    import duckdb

    queries = {
        "respondents": "select count(*) from staging.stg_respondents",
        "answers": "select count(raw_value) from staging.stg_answers",
        "items": "select count(*) from marts.dim_item",
        "indicators": "select count(*) from marts.dim_indicator",
    }
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = {name: connection.execute(query).fetchone() for name, query in queries.items()}
    return {name: row[0] if row else 0 for name, row in rows.items()}


def reconciliation(settings: Settings, worst: int = 10) -> dict[str, Any]:
    """How the computed values stand against the printed ones.

    Args:
        settings: Folders of the project.
        worst: How many of the largest differences to name.

    Returns:
        `ladder`: report, kind of print, status and number of printed values; `worst`: the largest differences, in
        multiples of what is allowed, of numbers that do not match.
    """
    import duckdb

    ladder = """
        select report, source_kind, status, count(*) as n from marts.fct_reconciliation group by all order by all
    """
    largest = """
        select result_id, figure, item, answer, year, group_key, published_value, computed_value, status
        from marts.fct_reconciliation
        where status != 'not_computable' and computed_value is not null and difference != 0
        order by abs(difference) / tolerance desc, result_id limit ?
    """
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return {
            "ladder": connection.execute(ladder).fetchall(),
            "worst": connection.execute(largest, [worst]).fetchall(),
        }


def publish(settings: Settings, waves: Sequence[Wave]) -> tuple[StageResult, "Release"]:
    """Publish the marts of the warehouse as the current release. The caller holds the writer's lock.

    Raises:
        DataRefused: The marts did not pass their gate, or hold a column of single respondents.
    """
    from orchestration.publish import file_sha256, publish_release

    started = time.perf_counter()
    refuse_unchecked_marts(settings)
    counts = warehouse_counts(settings)
    facts = {
        "counts": {"waves": len(waves), **counts},
        "disclosure": settings.disclosure,
        "reconciliation": reconciliation(settings),
        "raw_sha256": {wave.wave_id: file_sha256(raw_file(settings, wave)) for wave in waves},
        "versions": {package: version(package) for package in MANIFEST_PACKAGES},
    }
    release = publish_release(settings, waves, facts)
    tables = release.manifest["tables"]
    counts |= {"tables": len(tables), "rows": sum(table["rows"] for table in tables.values())}
    counts.pop("respondents")
    return StageResult("publish", time.perf_counter() - started, counts), release


def refresh(settings: Settings, who: str, reporter: Reporter) -> RefreshResult:
    """Run the whole road under the writer's lock.

    Args:
        settings: Folders of the project.
        who: What starts the refresh, as words of a sentence.
        reporter: Told of every stage.

    Raises:
        DataRefused: At any stage; the current release is as it was.
        RefreshRunning: Another refresh is under way.
    """
    waves = read_waves(settings)
    stages: list[StageResult] = []

    def done(result: StageResult) -> None:
        stages.append(result)
        reporter.finished(result)

    with writer(settings, who):
        reporter.started("raw gate")
        done(gate_raw(settings, waves, reporter.progress))
        reporter.started("warehouse")
        done(build_warehouse(settings, waves, reporter.progress))
        reporter.started("marts gate")
        done(gate_marts(settings))
        reporter.started("publish")
        result, release = publish(settings, waves)
        done(result)
    return RefreshResult(tuple(stages), release)
