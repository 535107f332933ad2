"""The whole road on a small survey: published, published again, refused, and run by Dagster."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest

from expectations import gates
from helsemonitor import limits
from helsemonitor.codebook import read_waves
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings
from helsemonitor.shelf import current_release
from orchestration import road
from orchestration.home import prepare_home
from tests.integration.conftest import Refresh

pytestmark = pytest.mark.usefixtures("one_keeper")

SEEDS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
WAVE = "cyclists_2022"
Answer = TypeVar("Answer")


class Silent:
    """A reporter that keeps the names of the stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.steps: list[tuple[int, int]] = []

    def started(self, stage: str) -> None:
        self.stages.append(stage)

    def progress(self, done: int, total: int, label: str) -> None:
        self.steps.append((done, total))

    def finished(self, result: road.StageResult) -> None:
        assert result.seconds > 0


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def seeds(settings: Settings) -> list[Path]:
    return sorted(settings.seeds_dir.rglob("*.csv"))


def folders(settings: Settings) -> dict[str, str]:
    """Variables that tell the command where everything lies."""
    return {"HELSEMONITOR_SEEDS": str(settings.seeds_dir), "HELSEMONITOR_BUILD": str(settings.build_dir)}


def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_DIR,
        env=os.environ | folders(settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def settings(cyclists: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published release of the small survey, in folders that can be written to."""
    folder = tmp_path_factory.mktemp("refresh")
    shutil.copytree(SEEDS, folder / "seeds")
    return Settings(PROJECT_DIR, folder / "seeds", cyclists.copied_to(folder / "build"))


def test_the_summary_says_what_went_in_and_where_it_is(cyclists: Refresh) -> None:
    summary = dict(re.findall(r"^(\w[\w ]*?) {2,}(\S.*?)$", cyclists.output, re.MULTILINE))
    assert summary["waves"] == "3"
    assert summary["respondents"] == "930"
    assert summary["items"] == "8"
    assert summary["indicators"] == "7"
    assert int(summary["checks passed"]) > 100
    assert summary["current"] == str(cyclists.build / "published" / "current")


def test_the_delivered_files_stay_as_they_are(settings: Settings) -> None:
    assert seeds(settings)
    for path in seeds(settings):
        assert path.read_bytes() == (SEEDS / path.relative_to(settings.seeds_dir)).read_bytes()


@pytest.fixture
def unchanged(settings: Settings) -> Iterator[Settings]:
    """The published release must still be the current one after the test, and the seeds as they were."""
    before = current_release(settings)
    assert before is not None
    sums = digests(before.path / "parquet")
    shutil.copytree(settings.seeds_dir, settings.build_dir / "seeds_before")
    yield settings
    shutil.rmtree(settings.seeds_dir)
    shutil.move(settings.build_dir / "seeds_before", settings.seeds_dir)
    after = current_release(settings)
    assert after is not None
    assert (after.path, digests(after.path / "parquet")) == (before.path, sums)
    assert list((settings.published_dir / "releases").glob(".*")) == []


def test_the_release_holds_all_marts_and_no_respondent(settings: Settings) -> None:
    release = current_release(settings)
    assert release is not None
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        marts = connection.execute(
            "select table_name, estimated_size from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
    assert {name for name, _ in marts} == set(release.manifest["tables"])
    with duckdb.connect(str(release.path / "helsemonitor.duckdb"), read_only=True) as connection:
        for name, entry in release.manifest["tables"].items():
            assert connection.execute(f"select count(*) from marts.{name}").fetchone() == (entry["rows"],)
        schemas = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()
        assert schemas == [("marts",)]
        undescribed = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null"
        ).fetchall()
        assert undescribed == []
    assert release.manifest["counts"] | {"answers": 0} == {
        "waves": 3,
        "respondents": 930,
        "answers": 0,
        "items": 8,
        "indicators": 7,
    }


def test_a_second_run_changes_no_byte_of_the_parquet_files(settings: Settings) -> None:
    first = current_release(settings)
    assert first is not None
    reporter = Silent()
    result = road.refresh(settings, "a test", reporter, is_full=True)
    assert reporter.stages == ["codebook gate", "raw gate", "warehouse", "marts gate", "publish"]
    assert max(done / total for done, total in reporter.steps) == 1
    assert result.release.path != first.path
    assert digests(result.release.path / "parquet") == digests(first.path / "parquet")


def test_status_names_the_release(settings: Settings) -> None:
    release = current_release(settings)
    assert release is not None
    shown = command(settings, "status")
    assert shown.returncode == 0
    assert release.release_id in shown.stdout
    assert "waves    cyclists 2021 2022 2023" in shown.stdout
    assert "no refresh is running" in shown.stdout


def edit(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def drop_codebook_row(seeds: Path) -> None:
    edit(seeds / "codebook" / "columns.csv", r"^cyclists,m9,.*\n", "")


def add_unknown_code(seeds: Path) -> None:
    edit(seeds / "raw" / f"{WAVE}.csv", r"^(r5,[^,]*),[FM],", r"\1,Q,")


def delete_raw_column(seeds: Path) -> None:
    path = seeds / "raw" / f"{WAVE}.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    place = rows[0].index("ride")
    path.write_text("".join(",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows), encoding="utf-8")


def repeat_respondent_id(seeds: Path) -> None:
    edit(seeds / "raw" / f"{WAVE}.csv", r"^r2,", "r1,")


def delete_weight_column(seeds: Path) -> None:
    edit(seeds / "raw" / f"{WAVE}.csv", r"^rid,wgt,", "rid,weight,")


FAULTS = [
    (drop_codebook_row, ["column m9", "320", "columns.csv"]),
    (add_unknown_code, ["column s2", "code Q", "1 time"]),
    (delete_raw_column, ["column ride", "missing", "320"]),
    (repeat_respondent_id, ["column rid", "2 of 320 rows share their respondent id"]),
    (delete_weight_column, ["column wgt is missing", "weight_column"]),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_faulty_data_are_refused_and_the_release_stays(
    unchanged: Settings, fault: Callable[[Path], None], words: list[str]
) -> None:
    fault(unchanged.seeds_dir)
    with pytest.raises(DataRefused) as refusal:
        road.refresh(unchanged, "a test", Silent())
    named = [sentence for sentence in refusal.value.sentences if all(word in sentence for word in words)]
    assert len(named) == 1, refusal.value.sentences
    assert f"{WAVE}.csv" in named[0]
    assert re.search(r"cyclists,? (year )?2022", named[0]), named[0]


def test_a_failing_expectation_about_the_marts_stops_the_publishing(
    unchanged: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = [
        replace(row, value=0.001) if row.check_name in ("drift", "drift_se", "drift_sd") else row
        for row in limits.read_limits(unchanged)
    ]
    monkeypatch.setattr(gates, "read_limits", lambda _: strict)
    reporter = Silent()
    with pytest.raises(DataRefused, match="the value moved by"):
        road.refresh(unchanged, "a test", reporter, is_full=True)
    assert reporter.stages == ["codebook gate", "raw gate", "warehouse", "marts gate"]
    with pytest.raises(DataRefused, match="have not passed their expectations"):
        road.publish(unchanged, read_waves(unchanged))


def test_the_warehouse_is_free_again_after_each_stage(settings: Settings) -> None:
    """Dbt in this process keeps no handle on the file; another process may open it for writing."""
    script = f"import duckdb; duckdb.connect({str(settings.warehouse)!r}).close()"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


DEFINITIONS = """
import json, os, shutil, sys, warnings
warnings.simplefilter("default")
import dagster as dg
import duckdb
from orchestration.definitions import defs
from helsemonitor.lock import writer
from orchestration.resources import settings
def waves_made():
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        made = "select cast(year as varchar), made_of from intermediate.int_cells__waves"
        return dict(connection.execute(made).fetchall())

repository = defs.get_repository_def()
graph = repository.asset_graph
schedule = repository.get_schedule_def("yearly_refresh")
sensor = repository.get_sensor_def("changed_wave_files")
job = repository.get_job("annual_refresh")
first_look = sensor(dg.build_sensor_context(instance=None))
os.utime(settings.raw_dir / "cyclists_2021.csv")
second_look = sensor(dg.build_sensor_context(cursor=first_look.cursor))
third_look = sensor(dg.build_sensor_context(cursor=second_look.cursor))
with dg.DagsterInstance.ephemeral() as instance:
    # As the sensor of deliveries keeps them.
    instance.add_dynamic_partitions("waves", ["cyclists_2021", "cyclists_2022"])
    with writer(settings, "somebody else"):
        locked_out = job.execute_in_process(instance=instance, raise_on_error=False)
    run = job.execute_in_process(instance=instance, raise_on_error=False)
    landed = {
        wave: repository.get_job("check_wave_file")
        .execute_in_process(instance=instance, partition_key=wave, raise_on_error=False)
        for wave in ("cyclists_2021", "cyclists_2022")
    }
    shutil.copy("tests/fixtures/cyclists/raw/cyclists_2022.csv", settings.raw_dir)
    raw = settings.raw_dir / "cyclists_2021.csv"
    sound, made = raw.read_text(), []
    # A refused run may have left a part of a warehouse, so the first one builds all waves.
    for content in (sound, sound.replace(",Y,", ",N,", 1)):
        raw.write_text(content)
        rebuilt = repository.get_job("rebuild_waves").execute_in_process(
            instance=instance, partition_key="cyclists_2021", raise_on_error=False
        )
        made.append(waves_made())
    raw.write_text(sound)
    wave_file = landed["cyclists_2021"].asset_materializations_for_node("landing__wave_file")[0]
    print("RESULT" + json.dumps({
        "assets": sorted(key.to_user_string() for key in graph.get_all_asset_keys()),
        "checks": sorted(f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys),
        "jobs": sorted(found.name for found in repository.get_all_jobs()),
        "schedule": [schedule.cron_schedule, schedule.execution_timezone, schedule.job_name],
        "requests": [
            [request.partition_key for request in look.run_requests] for look in (first_look, second_look, third_look)
        ],
        "partitions": [
            graph.get(dg.AssetKey(["landing", name])).partitions_def.name
            for name in ("delivery", "wave_file", "wave_rows")
        ],
        "parents": sorted(key.to_user_string() for key in graph.get(dg.AssetKey(["raw", "cyclists_2022"])).parent_keys),
        "executor": job.executor_def.name,
        "locked_out": [locked_out.success, [str(event.event_specific_data) for event in locked_out.all_events]],
        "success": run.success,
        "failed_steps": [event.step_key for event in run.all_events if event.is_step_failure],
        "finished_steps": [event.step_key for event in run.all_events if event.is_step_success],
        "failed_checks": [found.check_name for found in run.get_asset_check_evaluations() if not found.passed],
        "rebuilt": [rebuilt.success, *made],
        "landed": {wave: result.success for wave, result in landed.items()},
        "wave_file": {name: value.value for name, value in wave_file.metadata.items()},
    }))
"""


@pytest.fixture(scope="module")
def dagster(settings: Settings) -> dict[str, Any]:
    """What Dagster shows of the project, and what it does with a respondent id that stands twice."""
    raw = settings.raw_dir / f"{WAVE}.csv"
    sound = raw.read_bytes()
    repeat_respondent_id(settings.seeds_dir)
    done = subprocess.run(
        [sys.executable, "-c", DEFINITIONS],
        cwd=PROJECT_DIR,
        env=os.environ | folders(settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    raw.write_bytes(sound)
    assert done.returncode == 0, done.stderr[-4000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return json.loads(line.removeprefix("RESULT")) | {"stderr": done.stderr}


WAVES = ["cyclists_2021", "cyclists_2022", "cyclists_2023"]


def test_dagster_shows_the_road(dagster: dict[str, Any]) -> None:
    assert {"landing/delivery", "landing/wave_file", "landing/wave_files", "release/current"} <= set(dagster["assets"])
    assert {f"raw/{wave}" for wave in WAVES} | {"codebook/waves", "marts/fct_indicators"} <= set(dagster["assets"])
    assert dagster["partitions"] == ["waves"] * 3, "a new wave needs no restart"
    assert dagster["parents"] == ["landing/wave_files"], "the raw seeds come after the gate over their files"
    assert {"annual_refresh", "land_delivery", "check_wave_file"} <= set(dagster["jobs"])
    assert dagster["schedule"] == ["0 6 1 12 *", "Europe/Oslo", "annual_refresh"]
    assert dagster["executor"] == "in_process"


def test_expectations_and_dbt_tests_are_asset_checks(dagster: dict[str, Any]) -> None:
    checks = set(dagster["checks"])
    assert {f"landing/wave_files:{name}" for name in (*WAVES, "later_waves", "wave_overdue")} <= checks
    assert {"marts/fct_indicators:drift_expectations", "marts/fct_reconciliation:reconciliation_expectations"} <= checks
    assert any(check.startswith("marts/fct_indicators:sound_rows") for check in checks)


def test_dagster_loads_without_warnings(dagster: dict[str, Any]) -> None:
    assert not re.search(r"(Beta|Preview|Supersession)Warning|orchestration/\S*: \w*Warning", dagster["stderr"])


def test_a_failing_raw_check_blocks_the_warehouse(dagster: dict[str, Any]) -> None:
    assert (dagster["success"], dagster["finished_steps"]) == (False, ["landing__codebook"])
    assert dagster["failed_steps"] == ["landing__wave_files"]
    assert dagster["failed_checks"] == [WAVE]
    assert "2 of 320 rows share their respondent id" in dagster["stderr"]


def test_dagster_is_refused_while_somebody_else_writes(dagster: dict[str, Any]) -> None:
    success, events = dagster["locked_out"]
    assert not success
    assert any("by somebody else" in event and "is still running" in event for event in events), events


def test_one_wave_from_the_ui_rebuilds_that_waves_share(dagster: dict[str, Any]) -> None:
    success, before, after = dagster["rebuilt"]
    assert success
    assert [year for year in after if after[year] != before[year]] == ["2021"]


def test_one_wave_file_is_checked_by_itself(dagster: dict[str, Any]) -> None:
    assert dagster["landed"] == {"cyclists_2021": True, "cyclists_2022": False}
    assert dagster["wave_file"] == {
        "dagster/row_count": 300,
        "sha256": hashlib.sha256((SEEDS / "raw" / "cyclists_2021.csv").read_bytes()).hexdigest(),
        "sha256_as_declared": False,
    }


def test_the_sensor_asks_for_changed_files_only(dagster: dict[str, Any]) -> None:
    assert dagster["requests"] == [[], ["cyclists_2021"], []]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def graphql(port: int, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read())["data"]


def wait_for(seconds: float, ask: Callable[[], Answer | None]) -> Answer:
    """Ask until something comes back; fail after the given time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if answer := ask():
                return answer
        except OSError:
            pass
        time.sleep(1)
    return pytest.fail(f"nothing within {seconds} seconds")


LAUNCH = """
mutation($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } jobs { name } } } } }"
STATUS = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
LANDINGS = """
{
  pipelineRunsOrError(filter: {pipelineName: "land_delivery"}) {
    ... on Runs { results { status tags { key value } } }
  }
}
"""
PARTITIONS = '{ assetNodes(assetKeys: [{path: ["landing", "wave_file"]}]) { partitionKeys } }'
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


def deliver_a_new_wave(settings: Settings) -> None:
    """Declare a wave, and put its file into the landing folder."""
    with (settings.codebook_dir / "waves.csv").open("a", encoding="utf-8") as file:
        file.write("cyclists,2024,,,,,310,rid,wgt,,,delivered,provisional,,no\n")
    settings.landing_dir.mkdir()
    shutil.copy(SEEDS / "raw" / "cyclists_2023.csv", settings.landing_dir / "cyclists_2024.csv")


def landing_ended(port: int) -> dict[str, Any] | None:
    """The one run that lands a file, once it has ended."""
    found = graphql(port, LANDINGS)["pipelineRunsOrError"]["results"]
    assert len(found) <= 1
    return next((run for run in found if run["status"] in ENDED), None)


def test_dagster_dev_runs_the_job_without_warnings_and_lands_a_new_wave_without_a_restart(settings: Settings) -> None:
    before = current_release(settings)
    assert before is not None
    port = free_port()
    log = settings.build_dir / "dagster_dev.log"
    environment = os.environ | folders(settings) | {"DAGSTER_HOME": str(prepare_home(settings))}
    # The command itself is announced to be followed by another; what is meant here are warnings about the project.
    environment["PYTHONWARNINGS"] = "ignore:Function `dev_command` is superseded"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)],
            cwd=PROJECT_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            (node,) = wait_for(120, lambda: graphql(port, JOBS)["repositoriesOrError"]["nodes"])
            assert {"annual_refresh", "check_wave_file"} <= {job["name"] for job in node["jobs"]}
            selector = {
                "repositoryLocationName": node["location"]["name"],
                "repositoryName": node["name"],
                "pipelineName": "annual_refresh",
            }
            parameters = {"selector": selector, "mode": "default", "runConfigData": {}}
            launched = graphql(port, LAUNCH, {"parameters": parameters})["launchPipelineExecution"]
            assert launched["__typename"] == "LaunchRunSuccess"
            run = {"run": launched["run"]["runId"]}

            def ended() -> str | None:
                status = graphql(port, STATUS, run)["runOrError"]["status"]
                return status if status in ENDED else None

            status = wait_for(300, ended)
            assert wait_for(30, lambda: graphql(port, PARTITIONS)["assetNodes"][0]["partitionKeys"]) == WAVES
            deliver_a_new_wave(settings)
            landing = wait_for(180, lambda: landing_ended(port))
            partitions = graphql(port, PARTITIONS)["assetNodes"][0]["partitionKeys"]
        finally:
            server.terminate()
            server.wait(timeout=60)
    text = log.read_text(encoding="utf-8")
    assert status == "SUCCESS", text[-4000:]
    assert landing["status"] == "SUCCESS", text[-4000:]
    assert {tag["key"]: tag["value"] for tag in landing["tags"]}["dagster/partition"] == "cyclists_2024"
    assert partitions == [*WAVES, "cyclists_2024"]
    delivered = (settings.landing_dir / "cyclists_2024.csv").read_bytes()
    assert (settings.raw_dir / "cyclists_2024.csv").read_bytes() == delivered
    assert not re.findall(r"^.*(?:Warning\b|WARNING).*$", text, re.MULTILINE)
    after = current_release(settings)
    assert after is not None
    assert after.path != before.path
    assert digests(after.path / "parquet") == digests(before.path / "parquet")
