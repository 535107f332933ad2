"""A whole refresh of a small survey over whatever an earlier one left, and one that is stopped while dbt builds."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
COMMAND = [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain"]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"HELSEMONITOR_SEEDS": str(folder / "seeds"), "HELSEMONITOR_BUILD": str(folder / "build")}


def refresh(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=300, check=False
    )


def leave_an_earlier_project(build: Path) -> None:
    """A mart taken out since, one that was a view, one with other columns; files cut short; notes of a file browser."""
    with duckdb.connect(str(build / "warehouse.duckdb")) as connection:
        connection.execute("create table marts.fct_gone as select 'r1' as respondent_id")
        connection.execute("create view marts.fct_gone_view as select 1 as one")
        connection.execute("drop table if exists marts.dim_item")
        connection.execute("create view marts.dim_item as select 'other' as columns")
        connection.execute("create or replace table marts.dim_wave as select 1 as another_schema")
    current = (build / "published" / "current").resolve()
    shutil.copy(current / "parquet" / "dim_wave.parquet", current / "parquet" / "fct_gone.parquet")
    (current / "manifest.json").write_bytes(b'{"release": ')
    for name in ("manifest.json", "run_results.json", "partial_parse.msgpack"):
        path = build / "dbt_target" / name
        path.write_bytes(path.read_bytes()[:1000])
    (build / "marts_gate.json").write_bytes(b"")
    for folder in (build / "published", build / "published" / "releases"):
        (folder / ".DS_Store").write_bytes(b"\x00Bud1")


@pytest.fixture(scope="module")
def folder(walkers: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a survey with one release."""
    folder = tmp_path_factory.mktemp("feet")
    shutil.copytree(ROOT / "examples" / "walkers", folder / "seeds")
    walkers.copied_to(folder / "build")
    return folder


def test_a_release_holds_the_marts_of_its_own_project(folder: Path) -> None:
    build = folder / "build"
    current = build / "published" / "current"
    before = json.loads((current / "manifest.json").read_text(encoding="utf-8"))["tables"]
    leave_an_earlier_project(build)
    done = refresh(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((current / "manifest.json").read_text(encoding="utf-8"))["tables"] == before
    assert {path.stem for path in (current / "parquet").iterdir()} == set(before)
    with duckdb.connect(str(current / "helsemonitor.duckdb"), read_only=True) as connection:
        found = connection.execute("select table_name, table_type from information_schema.tables").fetchall()
    assert found
    assert {name for name, _ in found} == set(before)
    assert {kind for _, kind in found} == {"BASE TABLE"}


def test_stopped_while_dbt_builds(folder: Path) -> None:
    current = folder / "build" / "published" / "current"
    releases = current.parent / "releases"
    former, shelf = current.readlink(), sorted(releases.iterdir())
    with subprocess.Popen(
        [*COMMAND, "--full"],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("warehouse"):
                break
        # Once dbt has opened the warehouse, its threads are at work.
        while process.poll() is None and not (folder / "build" / "warehouse.duckdb").exists():
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert said == f"Stopped: nothing was published. {current} is as it was.\n"
    assert current.readlink() == former
    assert sorted(releases.iterdir()) == shelf
