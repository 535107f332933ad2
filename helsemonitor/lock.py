"""One writer at a time, whoever starts it: command line, Dagster's UI or the schedule.

The lock is the operating system's, so it ends with the process that holds it, also when that is killed. The file beside
it only says who holds the lock; it is believed while the lock is held and at no other time.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from helsemonitor.errors import PlaceUnfit, RefreshRunning
from helsemonitor.place import make_build_folder, refuse_unfit_place, refuse_what_is_in_the_way, unwritable
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.settings import Settings
from helsemonitor.warehouse import clear_warehouse

# `status` takes the lock for an instant to see whether it is free; a refresh that starts just then waits it out.
GRACE_SECONDS = 1.0


@dataclass(frozen=True)
class Holder:
    """Who is refreshing.

    Args:
        pid: Process id.
        started: Start of the refresh, ISO 8601, UTC.
        who: What started it, as words of a sentence ("the command line").
    """

    pid: int
    started: str
    who: str


def _side_file(lock_file: Path) -> Path:
    return lock_file.with_suffix(".json")


def _read_holder(lock_file: Path) -> Holder | None:
    try:
        return Holder(**json.loads(_side_file(lock_file).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # The holder has the lock but has not yet written its name.
        return None


def _sentence(holder: Holder | None) -> str:
    if holder is None:
        return "A refresh is still running; wait for it and start again."
    return (
        f"A refresh started {holder.started} by {holder.who} (process {holder.pid}) is still running; wait for it, or "
        f"end process {holder.pid} and start again."
    )


def _lock(lock_file: Path) -> FileLock:
    # thread_local=False: Dagster may tear a resource down in another thread than the one that set it up.
    return FileLock(lock_file, thread_local=False)


def running(lock_file: Path) -> Holder | None:
    """Tell who is refreshing now.

    Returns:
        The holder, or None where nobody holds the lock. A holder that has not written its name yet has pid 0.
    """
    if not lock_file.exists():
        return None
    lock = _lock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _read_holder(lock_file) or Holder(pid=0, started="just now", who="another process")
    lock.release()
    return None


def _acquire(settings: Settings, lock: FileLock) -> None:
    try:
        lock.acquire(timeout=GRACE_SECONDS, poll_interval=0.05)
    except Timeout:
        raise RefreshRunning([_sentence(_read_holder(settings.lock_file))]) from None
    except NotImplementedError:
        raise PlaceUnfit(
            [
                f"The file system of {settings.shown(settings.build_dir)} takes no locks; point HELSEMONITOR_BUILD to "
                "one that does."
            ]
        ) from None
    except OSError as error:
        raise PlaceUnfit([unwritable(settings, settings.build_dir, error)]) from None


@contextmanager
def writer(settings: Settings, who: str) -> Iterator[tuple[str, ...]]:
    """Hold the writer's lock for the length of a refresh, in a place that allows one.

    Args:
        settings: Folders of the project.
        who: What starts the refresh, as words of a sentence.

    Yields:
        Notes about what was put right in the build folder.

    Raises:
        RefreshRunning: Another process holds the lock or has the warehouse file open.
        PlaceUnfit: The build folder cannot take what a run writes.
    """
    make_build_folder(settings)
    refuse_what_is_in_the_way(settings)
    lock = _lock(settings.lock_file)
    _acquire(settings, lock)
    side_file = _side_file(settings.lock_file)
    try:
        refuse_unfit_place(settings)
        holder = Holder(pid=os.getpid(), started=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), who=who)
        side_file.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        ensure_record_key_secret(settings)
        yield clear_warehouse(settings)
    finally:
        side_file.unlink(missing_ok=True)
        lock.release()
