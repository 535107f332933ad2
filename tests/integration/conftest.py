"""One release of the shipped seeds, made by the command that users run, for every test that reads one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from unittest.mock import patch

import pytest
from filelock import FileLock

from expectations.keeper import Keeper
from tests.conftest import common_folder

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

    @property
    def build(self) -> Path:
        """Its build folder."""
        return self.release.parents[2]

    def copied_to(self, build: Path) -> Path:
        """A copy of the build folder, to write into."""
        return Path(shutil.copytree(self.build, build, symlinks=True))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process to ask for it makes, and that all processes of the tests read.

    Args:
        tmp_path_factory: Of pytest.
        name: Name of the folder.
        make: Fills the empty folder.
    """
    common = common_folder(tmp_path_factory)
    folder, done = common / name, common / f"{name}.made"
    with FileLock(common / f"{name}.lock"):
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def refreshed(seeds: Path, build: Path, *options: str) -> None:
    """Refresh from a folder of seeds into an empty build folder, and keep beside it what was printed."""
    command = [str(Path(sys.executable).parent / "helsemonitor"), "refresh", "--plain", *options]
    environment = os.environ | {"HELSEMONITOR_SEEDS": str(seeds), "HELSEMONITOR_BUILD": str(build)}
    before = {path.name for path in ROOT.iterdir()}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert result.stderr == ""
    assert {path.name for path in ROOT.iterdir()} <= before | {"build"}, "a run writes into the build folder only"
    build.with_suffix(".said").write_text(result.stdout, encoding="utf-8")


def _refresh(build: Path) -> Refresh:
    said = build.with_suffix(".said").read_text(encoding="utf-8")
    return Refresh((build / "published" / "current").resolve(), said)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """The refresh of the shipped seeds into an empty build folder, that nobody writes into any more."""
    return _refresh(made_once(tmp_path_factory, "shipped", lambda build: refreshed(ROOT / "seeds", build)))


@pytest.fixture(scope="session")
def build_dir(first: Refresh) -> Path:
    """Build folder of the shipped seeds' refresh."""
    return first.build


def _of_small(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Refresh:
    name = seeds.name
    return _refresh(made_once(tmp_path_factory, name, lambda build: refreshed(seeds, build)))


@pytest.fixture(scope="session")
def cyclists(tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """The refresh of a small survey. Who wants to write into its build folder takes a copy."""
    return _of_small(tmp_path_factory, ROOT / "tests" / "fixtures" / "cyclists")


@pytest.fixture(scope="session")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """The refresh of the smallest survey. Who wants to write into its build folder takes a copy."""
    return _of_small(tmp_path_factory, ROOT / "examples" / "walkers")


class Lent:
    """A keeper of gates that is started already and outlives the run that it is lent to."""

    def __init__(self, owner: Keeper) -> None:
        self.begin = owner.begin

    def start(self) -> None:
        """It has been started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Its owner ends it."""


@pytest.fixture(scope="module")
def one_keeper() -> Iterator[None]:
    """For modules that refresh often in this process: Great Expectations is imported once for all of them."""
    with Keeper() as keeper:
        keeper.start()
        with patch("orchestration.road.Keeper", lambda: Lent(keeper)):
            yield
