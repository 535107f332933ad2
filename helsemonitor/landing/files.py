"""A delivered file, opened once: what is hashed is what is read, and nothing is read while somebody writes it."""

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helsemonitor.errors import DataRefused, refusal

MIB = 1 << 20
# Bytes. What is larger is no survey: as many answers as are held in memory take a tenth of it. A text of this size
# takes 7 GiB of memory while it is read.
LARGEST_FILE = 1024 * MIB
# Bytes that a compressed file may come to.
LARGEST_UNPACKED = LARGEST_FILE
# Cells that are held in memory, some 100 bytes each while they are read.
LARGEST_TABLE = 50_000_000
CHUNK = MIB
AGAIN = "fetch it again from the institute"


def refuse_large_table(cells: int, shown: str) -> None:
    """Refuse a table that would not fit into memory.

    Args:
        cells: Its cells so far, or those that it says it has.
        shown: The file's path as a person would type it.

    Raises:
        DataRefused: They are more than `LARGEST_TABLE`.
    """
    if cells > LARGEST_TABLE:
        raise refusal(
            shown,
            f"the file has more than {LARGEST_TABLE} cells",
            "check that it is what was meant, and deliver it in parts",
        )


def refuse_unpacked(size: int, shown: str) -> None:
    """Refuse a compressed file that comes to too much.

    Args:
        size: Bytes so far, or bytes that it says it comes to.
        shown: Its path as a person would type it.

    Raises:
        DataRefused: They are more than `LARGEST_UNPACKED`.
    """
    if size > LARGEST_UNPACKED:
        raise refusal(
            shown,
            f"the file comes to more than {LARGEST_UNPACKED // MIB} MiB when it is unpacked",
            "check that it is what was meant, and deliver it in parts",
        )


def _refuse_other_than_file(found: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise refusal(shown, "this is a folder and not a file", "name the file that was delivered")
    if not stat.S_ISREG(found.st_mode):
        raise refusal(shown, "this is a pipe or a device and not a file", "save what was delivered as a file")


def _refuse_size(size: int, shown: str) -> None:
    if not size:
        raise refusal(shown, "the file is empty", AGAIN)
    if size > LARGEST_FILE:
        raise refusal(
            shown,
            f"the file has {size // MIB} MiB and {LARGEST_FILE // MIB} are allowed",
            "check that it is what was meant, and deliver it in parts",
        )


def _refuse_change(before: os.stat_result, after: os.stat_result, shown: str) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise refusal(shown, "the file is still being written", "try again when it is there as a whole")


def _descriptor(path: Path, shown: str) -> int:
    try:
        _refuse_other_than_file(path.stat(), shown)
        # A pipe that takes the file's place meanwhile is not waited for.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise refusal(shown, "there is no such file", "check the path") from None
    except PermissionError:
        raise refusal(shown, "this user has no right to read the file", "give the right to read it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can have this path"
        raise refusal(shown, f"the file cannot be opened ({reason})", "check the path and the disk") from None


@contextmanager
def opened(path: Path, shown: str) -> Iterator[io.FileIO]:
    """Open a delivered file for as long as it is read.

    Args:
        path: The file, or a link to it.
        shown: Its path as a person would type it.

    Yields:
        The file, unbuffered, so that another process that is given its descriptor sees the same place in it.

    Raises:
        DataRefused: It cannot be opened, is no file, is empty or too large, or was changed while it was read.
    """
    with io.FileIO(_descriptor(path, shown)) as file:
        before = os.fstat(file.fileno())
        _refuse_other_than_file(before, shown)
        _refuse_size(before.st_size, shown)
        try:
            yield file
        except DataRefused:
            # A file that is half there is damaged in many ways; that it is half there is what to say.
            _refuse_change(before, os.fstat(file.fileno()), shown)
            raise
        except OSError as error:
            raise refusal(
                shown, f"the file cannot be read ({error.strerror})", "check the disk and fetch the file again"
            ) from None
        _refuse_change(before, os.fstat(file.fileno()), shown)


def beginning(file: io.FileIO) -> bytes:
    """The first bytes of a file, by which its format is known."""
    file.seek(0)
    return file.read(16)


def digest(file: io.FileIO) -> str:
    """SHA-256 of all bytes of a file, in hexadecimal digits."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
