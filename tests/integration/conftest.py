"""One release of the shipped seeds, made by the command that users run, for every test that reads one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Refresh:
    """A finished `helsemonitor refresh`.

    Args:
        release: Folder of the release it published.
        output: What it printed.
    """

    release: Path
    output: str


def refresh(build: Path, *options: str) -> Refresh:
    """Refresh from the shipped seeds into a build folder of its own."""
    command = [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain", *options]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(ROOT / "seeds"), "HELSEMONITOR_BUILD": str(build)}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return Refresh((build / "published" / "current").resolve(), result.stdout)


@pytest.fixture(scope="session")
def build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build folder of the session's refreshes."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(scope="session")
def first(build_dir: Path) -> Refresh:
    """The first refresh of an empty build folder."""
    return refresh(build_dir)


@pytest.fixture(scope="session")
def second(build_dir: Path, first: Refresh) -> Refresh:
    """A second refresh of the same files over the first, from nothing."""
    return refresh(build_dir, "--full")
