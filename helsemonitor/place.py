"""The place that a run stands on: folders and files of the build folder, looked at before the first stage.

What is certain is put right without a word (a link that points nowhere is replaced by the next release). What might be
somebody's own is named and left alone.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from helsemonitor.errors import PlaceUnfit
from helsemonitor.settings import Settings
from helsemonitor.space import FULL_DISK, full_disk_sentence, small_disks

MEND = "mend that or point HELSEMONITOR_BUILD elsewhere"


def _folders(settings: Settings) -> list[Path]:
    """Folders that a run makes or writes into, parents first."""
    return [
        settings.build_dir,
        settings.logs_dir,
        settings.dbt_target_dir,
        settings.gated_seeds_dir,
        settings.gated_seeds_dir / "codebook",
        settings.gated_seeds_dir / "raw",
        settings.data_docs_dir,
        settings.data_docs_dir / "raw",
        settings.data_docs_dir / "marts",
        settings.published_dir,
        settings.releases_dir,
    ]


def _files(settings: Settings) -> list[Path]:
    """Files that a run reads or writes by their names."""
    return [
        settings.lock_file,
        settings.lock_file.with_suffix(".json"),
        settings.marts_seal,
        settings.raw_memory,
        settings.record_key_secret,
        settings.warehouse,
        settings.warehouse_log,
        settings.warehouse_seal,
        settings.data_docs_dir / "index.html",
        settings.logs_dir / "error.log",
        settings.logs_dir / "dbt.log",
    ]


def _copies_meet_seeds(settings: Settings) -> bool:
    """Whether the copies that dbt reads would be written over the seeds themselves, links followed."""
    seeds, copies = Path(os.path.realpath(settings.seeds_dir)), Path(os.path.realpath(settings.gated_seeds_dir))
    parts = ("codebook", "raw", "published")
    return seeds.is_relative_to(copies) or any(
        os.path.realpath(seeds / part) == os.path.realpath(copies / part) for part in parts
    )


def _in_the_way(settings: Settings) -> Iterator[str]:
    """Sentences about what lies where something else is due."""
    if _copies_meet_seeds(settings):
        yield (
            f"A run writes its copies of the seeds to {settings.shown(settings.gated_seeds_dir)}, and the seeds folder "
            f"{settings.shown(settings.seeds_dir)} lies there; point HELSEMONITOR_SEEDS or HELSEMONITOR_BUILD "
            "elsewhere."
        )
    for path in _folders(settings):
        if path.is_symlink() and not path.exists():
            yield f"{settings.shown(path)} is a link to a folder that is not there; restore it or remove the link."
        elif path.exists() and not path.is_dir():
            yield f"{settings.shown(path)} is a file where a folder is due; move it away and start again."
    for path in _files(settings):
        if path.is_dir():
            yield f"{settings.shown(path)} is a folder where a file is due; move it away and start again."
        elif (path.exists() and not path.is_file()) or (path.is_symlink() and not path.exists()):
            yield f"{settings.shown(path)} is no ordinary file; move it away and start again."
    current = settings.current
    if current.exists() and not current.is_symlink():
        kind = "folder" if current.is_dir() else "file"
        yield (
            f"{settings.shown(current)} is a {kind} where a link to a release is due; move it away and start again. "
            "(Copying a build folder can turn the link into what it points to.)"
        )


def unwritable(settings: Settings, folder: Path, error: OSError) -> str:
    """Say that a folder takes no file, or that its disk is full."""
    if error.errno in FULL_DISK:
        return full_disk_sentence(settings, folder)
    what = "build folder" if folder == settings.build_dir else "folder"
    return f"Nothing can be written into the {what} {settings.shown(folder)} ({error.strerror or error}); {MEND}."


def make_build_folder(settings: Settings) -> None:
    """Make the build folder.

    Raises:
        PlaceUnfit: It cannot be made.
    """
    try:
        settings.build_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlaceUnfit([unwritable(settings, settings.build_dir, error)]) from None


def _probe(folder: Path) -> None:
    """Write a file into a folder and remove it again."""
    probe = folder / f".probe_{os.getpid()}"
    try:
        probe.write_bytes(b"writable")
    finally:
        probe.unlink(missing_ok=True)


def _probe_link(folder: Path) -> None:
    probe = folder / f".probe_link_{os.getpid()}"
    try:
        probe.symlink_to("releases")
    finally:
        probe.unlink(missing_ok=True)


def _not_writable(settings: Settings) -> Iterator[str]:
    for folder in _folders(settings):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _probe(folder)
        except OSError as error:
            yield unwritable(settings, folder, error)
            return
    try:
        _probe_link(settings.published_dir)
    except OSError as error:
        yield (
            f"The file system of {settings.shown(settings.published_dir)} takes no symbolic links "
            f"({error.strerror or error}), and `current` is one; point HELSEMONITOR_BUILD to a file system that does."
        )


def refuse_what_is_in_the_way(settings: Settings) -> None:
    """Refuse a build folder in which a file lies where a folder is due, or a folder where a file or link is due.

    Raises:
        PlaceUnfit: One sentence for everything that is in the way.
    """
    if sentences := list(_in_the_way(settings)):
        raise PlaceUnfit(sentences)


def refuse_unfit_place(settings: Settings) -> None:
    """Refuse a build folder into which a run could not write all it has to. The caller holds the writer's lock.

    Raises:
        PlaceUnfit: A folder takes no file, a file system no link, or a disk has no room for a run.
    """
    if sentences := list(_not_writable(settings)) or small_disks(settings):
        raise PlaceUnfit(sentences)


def seeds_problem(settings: Settings) -> str | None:
    """What is wrong with the seeds folder itself; None where it is a folder that can be looked into."""
    folder = settings.seeds_dir
    if not folder.exists():
        problem = "is not there"
    elif not folder.is_dir():
        problem = "is no folder"
    elif not os.access(folder, os.R_OK | os.X_OK):
        problem = "may not be read"
    else:
        return None
    return (
        f"The seeds folder {settings.shown(folder)} {problem}; point HELSEMONITOR_SEEDS to the folder with codebook/ "
        "and raw/."
    )


def published_link(settings: Settings) -> str | None:
    """Where `current` points, as it is written in the link; None where there is no link."""
    try:
        return str(settings.current.readlink())
    except OSError:
        return None
