"""The road up to the cube on an engine of Spark Connect; what comes after it on DuckDB, from the engine's Parquet.

The models are the same. The engine leaves a folder of Parquet files for every table in the lake; the warehouse has a
view of each, and dbt builds behind them what the engine did not. docs/scale.md says when that pays.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from helsemonitor.artifacts import MANIFEST, RESULTS, clear_artifacts, read_json, read_json_or_none, remove
from helsemonitor.build_failures import explain_build, stated_problems, stating_models
from helsemonitor.codebook import Wave
from helsemonitor.dbt_build import Built, build_after, build_counts, dbt_project_arguments, dbt_vars
from helsemonitor.errors import PlaceUnfit
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from helsemonitor.warehouse import remove_warehouse

# The word for an engine of one's own, started for the run.
OWN = "sail"
PACKAGES = {"dbt.adapters.spark": "dbt-spark", "pyspark": "pyspark-client", "pysail": "pysail"}
UP_TO_CUBE = ("+int_cells", "+path:models/checks")
SECONDS_TO_START = 60


def missing_packages(address: str) -> list[str]:
    """Packages that an engine at an address needs and that are not installed."""
    needed = {module: name for module, name in PACKAGES.items() if module != "pysail" or address == OWN}
    return [name for module, name in needed.items() if find_spec(module) is None]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def own_sail(log: Path) -> Iterator[str]:
    """Start Sail on a free port of this machine, for as long as the context lasts.

    Args:
        log: File for what it says.

    Yields:
        Its address.

    Raises:
        PlaceUnfit: It does not start.
    """
    port = _free_port()
    command = [str(Path(sys.executable).parent / "sail"), "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            _await_port(server, port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()


def _await_port(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise PlaceUnfit([f"Sail does not listen on port {port} of this machine; its log says why. Start it again."])


def lake_of(settings: Settings) -> str:
    """Folder or address that takes the engine's tables: HELSEMONITOR_LAKE, else one in the build folder."""
    return os.environ.get("HELSEMONITOR_LAKE") or str(settings.build_dir / "lake")


def engine_target_dir(settings: Settings) -> Path:
    """Folder of dbt's artifacts of the engine's build."""
    return settings.dbt_target_dir / "spark"


def view_lake(settings: Settings, built: Sequence[Mapping[str, Any]]) -> None:
    """Give the warehouse a view of every table that the engine built. A table without rows has no files, and no view.

    Args:
        settings: Folders of the project.
        built: Nodes of dbt's manifest.
    """
    import duckdb

    with duckdb.connect(str(settings.warehouse)) as connection:
        for node in built:
            files = f"{lake_of(settings)}/{node['schema']}/{node['name']}/*.parquet".replace("'", "''")
            connection.execute(f"create schema if not exists {node['schema']}")
            if connection.execute(f"select count(*) > 0 from glob('{files}')").fetchall() == [(True,)]:
                connection.execute(f"create view {node['schema']}.{node['name']} as from read_parquet('{files}')")


def build_up_to_cube(
    settings: Settings, waves: Sequence[Wave], address: str, seconds: float | None = None
) -> "subprocess.CompletedProcess[str]":
    """Let an engine build the lake: seeds, models and tests up to the cube.

    Args:
        settings: Folders of the project; the gates have put the seeds where dbt reads them.
        waves: Declared waves.
        address: Host and port of the engine.
        seconds: How long it may take; for ever by default.

    Returns:
        dbt's process as it ended. What it did stands in its artifacts.
    """
    target_dir = engine_target_dir(settings)
    target_dir.mkdir(parents=True, exist_ok=True)
    clear_artifacts(target_dir)
    if "://" not in lake_of(settings):
        remove(Path(lake_of(settings)))
    arguments = ["--target", "spark", "--select", *UP_TO_CUBE, "--indirect-selection", "cautious"]
    arguments += ["--exclude-resource-type", "unit_test", *dbt_vars(settings, waves)]
    places = dbt_project_arguments(settings)
    places[places.index("--target-path") + 1] = str(target_dir)
    engine = {"HELSEMONITOR_SPARK": address, "HELSEMONITOR_LAKE": lake_of(settings)}
    # In a process of its own, so that the engine's session and its memory end with it.
    return subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "build", *arguments, *places],
        env=os.environ | settings.environment | engine,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def build_on_engine(settings: Settings, waves: Sequence[Wave], address: str) -> Built:
    """Build the warehouse: up to the cube on an engine, behind it on DuckDB. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        address: Host and port of a server of Spark Connect that reads and writes the folders of the project.

    Raises:
        DataRefused: The codebook has problems or a data test fails.
        BuildError: dbt or the engine failed.
    """
    ensure_record_key_secret(settings)
    settings.warehouse_seal.unlink(missing_ok=True)
    remove_warehouse(settings)
    target_dir = engine_target_dir(settings)
    run = build_up_to_cube(settings, waves, address)
    manifest, said = read_json_or_none(target_dir / MANIFEST), read_json_or_none(target_dir / RESULTS)
    results = said["results"] if manifest and said else []
    nodes = [manifest["nodes"][row["unique_id"]] for row in results if row["status"] == "success"]
    built = [node for node in nodes if node["resource_type"] == "model"]
    view_lake(settings, built)
    if run.returncode:
        raise explain_build(settings, target_dir, run.stdout + run.stderr)
    notes = stated_problems(settings, stating_models(results, manifest, "warn"), "note")
    build_after(settings, waves, [*(node["name"] for node in built), *(wave.seed for wave in waves)])
    after = read_json(settings.dbt_target_dir / RESULTS)["results"]
    return Built(build_counts([*results, *after]), tuple(notes))
