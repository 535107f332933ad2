"""Whoever stops a refresh, at whatever moment, gets no traceback and keeps the release that was there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.conftest import Refresh

ROOT = Path(__file__).parents[2]
WALKERS = ROOT / "examples" / "walkers"


def start(build: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain", *options],
        cwd=ROOT,
        env=os.environ | {"HELSEMONITOR_SEEDS": str(WALKERS), "HELSEMONITOR_BUILD": str(build)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def build(walkers: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with one release."""
    return walkers.copied_to(tmp_path_factory.mktemp("stopped") / "build")


@pytest.mark.parametrize(
    ("stage", "seconds", "number", "code"),
    [
        ("codebook gate ...", 0, signal.SIGINT, 130),
        ("raw gate ...", 0.5, signal.SIGTERM, 143),
        ("warehouse ...", 3, signal.SIGINT, 130),
        ("publish ...", 0.1, signal.SIGINT, 130),
    ],
)
def test_a_stopped_refresh(build: Path, stage: str, seconds: float, number: signal.Signals, code: int) -> None:
    current = (build / "published" / "current").readlink()
    run = start(build, "--full")
    assert run.stdout
    for line in run.stdout:
        if line.startswith(stage):
            break
    time.sleep(seconds)
    run.send_signal(number)
    _, said = run.communicate(timeout=60)

    assert run.returncode == code, said
    assert "Traceback" not in said
    assert "nothing was published" in said
    assert (build / "published" / "current").readlink() == current
    assert [path.name for path in (build / "published" / "releases").iterdir()] == [current.name]
