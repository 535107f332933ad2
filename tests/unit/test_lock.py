"""One writer: refused in a sentence while another process writes, free as soon as that process is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from helsemonitor import lock
from helsemonitor.errors import RefreshRunning
from helsemonitor.settings import PROJECT_DIR, Settings
from tests.unit.small_project import make_settings

HOLD_LOCK = """
import sys, time
from pathlib import Path
from helsemonitor.lock import writer
from helsemonitor.settings import Settings
folder = Path(sys.argv[1])
with writer(Settings(folder, folder / "seeds", folder / "build"), "a test"):
    print("held", flush=True)
    time.sleep(60)
"""
HOLD_WAREHOUSE = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1] + "/build/warehouse.duckdb")
print("held", flush=True)
time.sleep(60)
"""

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a process that holds something, and wait until it does."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_second_writer_is_refused_and_told_who_the_first_is(settings: Settings, start: Start) -> None:
    other = start(HOLD_LOCK)
    holder = lock.running(settings.lock_file)
    assert holder is not None
    assert (holder.pid, holder.who) == (other.pid, "a test")
    with pytest.raises(RefreshRunning) as refusal, lock.writer(settings, "the command line"):
        pytest.fail("two writers at once")
    assert refusal.value.sentences == (
        f"A refresh started {holder.started} by a test (process {other.pid}) is still running; wait for it, or end "
        f"process {other.pid} and start again.",
    )


def test_the_lock_of_a_killed_writer_blocks_nobody(settings: Settings, start: Start) -> None:
    other = start(HOLD_LOCK)
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert (settings.build_dir / "refresh.json").exists(), "the killed writer could not tidy up"
    assert lock.running(settings.lock_file) is None
    with lock.writer(settings, "the command line"):
        holder = lock.running(settings.lock_file)
        assert holder is not None
        assert holder.pid == os.getpid()


def test_the_lock_is_freed_after_an_error(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), lock.writer(settings, "the command line"):
        _ = 1 / 0
    assert lock.running(settings.lock_file) is None
    assert not (settings.build_dir / "refresh.json").exists()
    with lock.writer(settings, "the command line"):
        pass


def test_one_process_cannot_write_twice_at_once(settings: Settings) -> None:
    with (
        lock.writer(settings, "Dagster run 1"),
        pytest.raises(RefreshRunning, match="by Dagster run 1"),
        lock.writer(settings, "Dagster run 2"),
    ):
        pytest.fail("two writers at once")


def test_looking_does_not_start_a_lock_file(settings: Settings) -> None:
    assert lock.running(settings.lock_file) is None
    assert not settings.lock_file.exists()


def test_a_holder_that_has_not_given_its_name_is_reported(settings: Settings, start: Start) -> None:
    start(HOLD_LOCK)
    (settings.build_dir / "refresh.json").unlink()
    holder = lock.running(settings.lock_file)
    assert holder is not None
    assert holder.pid == 0
    with (
        pytest.raises(RefreshRunning, match=r"^A refresh is still running; wait for it"),
        lock.writer(settings, "the command line"),
    ):
        pytest.fail("two writers at once")


def test_a_warehouse_open_elsewhere_is_named_not_raised_raw(settings: Settings, start: Start) -> None:
    duckdb.connect(str(settings.warehouse)).close()
    other = start(HOLD_WAREHOUSE)
    with pytest.raises(RefreshRunning) as refusal, lock.writer(settings, "the command line"):
        pytest.fail("the warehouse is not free")
    assert refusal.value.sentences == (
        f"The warehouse build/warehouse.duckdb is held open by process {other.pid}; close it there and start again. "
        "Query build/published/current instead: no refresh locks it.",
    )
    assert lock.running(settings.lock_file) is None
