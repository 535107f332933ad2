"""Room on the disk, and errors that the machine is to blame for: how they are recognised and said."""

import errno
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from helsemonitor.settings import Settings

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
# A call that fails with one of these would succeed on another machine, or for another user, with the same data.
MACHINE = FULL_DISK | {
    errno.EACCES,
    errno.EFBIG,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
}
# The same in the words of DuckDB and dbt, which pass no number on.
SAID_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|Could not write all bytes|max_temp_directory_size", re.IGNORECASE
)
SAID_MEMORY = re.compile(r"Out of Memory Error|could not allocate block", re.IGNORECASE)
SAID_MACHINE = re.compile(
    r"(?:IO Error: |\[Errno \d+\] )[^\n]*"
    r"(Permission denied|Read-only file system|Input/output error|Operation not permitted|Too many open files)[^\n]*"
)
QUOTED_PATH = re.compile(r"""["'](/[^"'\n]+)["']""")
# The small survey of the tests (40 kB of raw files) leaves 40 MB: warehouse, artifacts, pages and release. A little
# less, in bytes, since a run that would fit is not to be refused.
SMALLEST_RUN = 30_000_000
# The shipped files, in which every column is in use, take 143 bytes of warehouse and release for a byte of raw file;
# files of which few columns are in use far less. A cautious lower bound.
BYTES_PER_RAW_BYTE = 10


def megabytes(number: int) -> str:
    """A number of bytes in words."""
    return f"{number / 1e6:,.0f} MB".replace(",", " ") if number >= 1e7 else f"{number / 1e6:.1f} MB"


def _size(path: Path) -> int:
    """Size of a file or of all files below a folder; 0 where nothing is there."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    return path.stat().st_size if path.is_file() else 0


def _standing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    return path if path.exists() or path == path.parent else _standing(path.parent)


def free_bytes(path: Path) -> int:
    """Free bytes of the file system on which a path lies or would lie."""
    return shutil.disk_usage(_standing(path)).free


def _reckoned(settings: Settings) -> int:
    return max(SMALLEST_RUN, BYTES_PER_RAW_BYTE * _size(settings.raw_dir))


def needed_bytes(settings: Settings) -> tuple[int, int]:
    """What a run writes at least: in the build folder without the release, and for the release.

    After a run it is as much as that one left; before the first it is reckoned from the raw files.
    """
    release = _size(settings.current.resolve()) if settings.current.is_dir() else 0
    return _size(settings.warehouse) or _reckoned(settings), release


def small_disks(settings: Settings) -> list[str]:
    """Sentences about file systems without room for a run."""
    build, release = needed_bytes(settings)
    # The former warehouse makes room before the new one is built.
    build = max(build - _size(settings.warehouse), 0)
    places = {settings.build_dir: build, settings.published_dir: release}
    if _standing(settings.build_dir).stat().st_dev == _standing(settings.published_dir).stat().st_dev:
        places = {settings.build_dir: build + release}
    return [
        _room(settings, folder, needed, free)
        for folder, needed in places.items()
        if (free := free_bytes(folder)) < needed
    ]


def _room(settings: Settings, folder: Path, needed: int, free: int) -> str:
    return (
        f"The disk of {settings.shown(folder)} is full: a run needs at least {megabytes(needed)} there and "
        f"{megabytes(free)} are free. Make room or point HELSEMONITOR_BUILD elsewhere."
    )


def full_disk_sentence(settings: Settings, folder: Path | None = None) -> str:
    """Say that a disk is full, how much a run needs and how much is free.

    Args:
        settings: Folders of the project.
        folder: Folder that took no more; by default the build folder, or that of the releases if less is free there.
    """
    folder = folder or min(settings.build_dir, settings.published_dir, key=free_bytes)
    free = free_bytes(folder)
    # What there was did not do, whatever was reckoned; it is free again or lies in the warehouse.
    tried = free + _size(settings.warehouse)
    # A warehouse that could not be finished says nothing of the size it would have had.
    return _room(settings, folder, max(sum(needed_bytes(settings)), _reckoned(settings), tried), free)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _not_allowed(settings: Settings, path: object, why: str) -> str:
    place = settings.shown(Path(str(path))) if path else "A file"
    return f"{place} cannot be read or written ({why}); mend that and start again."


def machine_problem(settings: Settings, error: BaseException) -> str | None:
    """Say what the machine did not allow, where that is why a run failed.

    Args:
        settings: Folders of the project.
        error: What ended the run.

    Returns:
        The sentence; None where the error is a defect of the run itself.
    """
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in MACHINE:
            if one.errno in FULL_DISK:
                return full_disk_sentence(settings)
            return _not_allowed(settings, one.filename, one.strerror or type(one).__name__)
        said = str(one)
        if SAID_FULL.search(said):
            return full_disk_sentence(settings)
        if isinstance(one, MemoryError) or SAID_MEMORY.search(said):
            return "The machine has not enough memory free for the run; end other programs and start again."
        if found := SAID_MACHINE.search(said):
            path = QUOTED_PATH.search(found[0])
            return _not_allowed(settings, path[1] if path else None, found[1])
    return None
