"""How long `dagster dev` takes to its first page, and how long a whole refresh takes that is started in its UI."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import QUIET, ROOT

SECONDS_AT_MOST = 900
PAGE = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
LAUNCH = """
mutation($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) { ... on LaunchRunSuccess { run { runId } } }
}
"""
STATUS = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _ask(port: int, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the UI's own interface answers."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - this machine
        return json.loads(answer.read())["data"]


def _seconds_until(done: Callable[[], bool]) -> float:
    """Seconds until something holds.

    Raises:
        SystemExit: It does not within `SECONDS_AT_MOST`.
    """
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS_AT_MOST:
        try:
            if done():
                return time.perf_counter() - started
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"dagster dev: nothing within {SECONDS_AT_MOST} seconds")


def measure(work: Path, seeds: Path) -> dict[str, float]:
    """Start `dagster dev` with nothing built, wait for its page, run the whole road from it, and end it.

    Args:
        work: Build folder.
        seeds: Folder of the seeds.

    Returns:
        Seconds to the first page, and seconds from the click to the published release.

    Raises:
        SystemExit: The run failed, or took too long.
    """
    home = work / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = os.environ | QUIET | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(work)}
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    with (work / "dagster_dev.log").open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"DAGSTER_HOME": str(home)}, stdout=output, stderr=output
        )
        try:
            page = _seconds_until(lambda: bool(_ask(port, PAGE)["repositoriesOrError"]["nodes"]))
            (node,) = _ask(port, PAGE)["repositoriesOrError"]["nodes"]
            place = {"repositoryLocationName": node["location"]["name"], "repositoryName": node["name"]}
            selector = {"selector": {**place, "pipelineName": "annual_refresh"}, "mode": "default", "runConfigData": {}}
            run = _ask(port, LAUNCH, {"parameters": selector})["launchPipelineExecution"]["run"]["runId"]
            status = lambda: _ask(port, STATUS, {"run": run})["runOrError"]["status"]  # noqa: E731
            refresh = _seconds_until(lambda: status() in ("SUCCESS", "FAILURE", "CANCELED"))
            if status() != "SUCCESS":
                raise SystemExit(f"dagster dev: the run ended with {status()}; see {work / 'dagster_dev.log'}")
        finally:
            server.terminate()
            server.wait(timeout=60)
    return {"first page": page, "annual_refresh": refresh}
