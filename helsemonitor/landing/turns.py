"""One at a time: landing and reviewing write the same files, so a second command waits for the first."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from helsemonitor.errors import PlaceUnfit
from helsemonitor.settings import Settings

# Longer than landing takes; a person who reviews holds the lock for an instant at a time.
PATIENCE_SECONDS = 120.0


@contextmanager
def our_turn(settings: Settings) -> Iterator[None]:
    """Hold landing and codebook against other commands that land or review.

    Args:
        settings: Folders of the project.

    Raises:
        PlaceUnfit: Another command holds them for longer than patience lasts, or the build folder cannot be written.
    """
    path = settings.build_dir / "landing.lock"
    try:
        settings.build_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=PATIENCE_SECONDS, thread_local=False)
        lock.acquire()
    except Timeout:
        raise PlaceUnfit(["Another command lands or reviews a wave; wait for it and start again."]) from None
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise PlaceUnfit([f"{settings.shown(path)} cannot be written ({error.strerror}); mend that."]) from None
    try:
        yield
    finally:
        lock.release()
