"""The shelf of releases: which folders are releases, which is the current one, and which are too old to keep."""

import errno
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helsemonitor.artifacts import file_sha256, read_json_or_none
from helsemonitor.errors import PlaceUnfit
from helsemonitor.inputs import Inputs, inputs_from
from helsemonitor.settings import Settings

MANIFEST = "manifest.json"
RELEASES_KEPT = 5
# Time to the microsecond, checksum of the content, and a number where two releases would share both.
RELEASE_NAME = re.compile(r"\d{8}_\d{6}_\d{6}_[0-9a-f]{8}(_\d+)?")
# What every manifest has said from the first release on.
SAID = {"release": str, "published_at": str, "waves": list, "tables": dict}
DRAFT_NAME = re.compile(r"\.draft_\d+|\.deleted_.+")


@dataclass(frozen=True)
class Release:
    """One published release.

    Args:
        path: Folder of the release.
        manifest: Content of its `manifest.json`.
        notes: Sentences about what went wrong after it had become the current one.
    """

    path: Path
    manifest: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def release_id(self) -> str:
        """Sortable name of the release."""
        return self.path.name


def sync(path: Path) -> None:
    """Have a file or the entries of a folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot sync a folder, and need not.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def point_current(published_dir: Path, release: Path) -> None:
    """Let `current` point to a release, in one step that a reader cannot see half done."""
    link = published_dir / f".current_{os.getpid()}"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(release.relative_to(published_dir))
        link.replace(published_dir / "current")
    except BaseException:
        link.unlink(missing_ok=True)
        raise
    # The release is the current one now; what a failing sync puts at risk is its survival of a power cut alone.
    with suppress(OSError):
        sync(published_dir)


def is_release(path: Path) -> bool:
    """Whether a path in the folder of releases is a release: a folder with a name as `publish_release` gives it."""
    return bool(RELEASE_NAME.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


def release_folders(published_dir: Path) -> list[Path]:
    """Folders of the releases, the oldest first; whatever else lies beside them is not the program's."""
    releases = published_dir / "releases"
    return sorted(path for path in releases.iterdir() if is_release(path)) if releases.is_dir() else []


def read_manifest(settings: Settings, release: Path) -> dict[str, Any]:
    """Read the manifest of a release.

    Raises:
        PlaceUnfit: It is missing or damaged.
    """
    path = release / MANIFEST
    if not release.is_dir():
        problem = f"{settings.shown(release)} is not there"
    elif not path.exists():
        problem = f"{settings.shown(path)} is not there"
    else:
        found = read_json_or_none(path)
        if isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in SAID.items()):
            return found
        problem = f"{settings.shown(path)} is damaged"
    raise PlaceUnfit([f"{problem}; restore it from a copy, or publish anew with `helsemonitor refresh`."])


def current_release(settings: Settings) -> Release | None:
    """Read the current release; None before the first one.

    Raises:
        PlaceUnfit: `current` points to nothing, or the release has no sound manifest.
    """
    current = settings.current
    if not current.exists() and not current.is_symlink():
        return None
    path = current.resolve() if current.exists() else settings.published_dir / current.readlink()
    return Release(path=path, manifest=read_manifest(settings, path))


def _is_whole(release: Release) -> bool:
    """Whether a release's files are those that its manifest was written for."""
    tables = {f"parquet/{name}.parquet": said.get("sha256") for name, said in release.manifest["tables"].items()}
    return all(
        (release.path / name).is_file() and file_sha256(release.path / name) == checksum
        for name, checksum in {**tables, **release.manifest.get("files", {})}.items()
    )


def release_of(settings: Settings, inputs: Inputs) -> Release | None:
    """The current release, where it was made of these inputs and is whole; else None."""
    try:
        release = current_release(settings)
    except PlaceUnfit:
        return None
    is_current = release is not None and inputs_from(release.manifest.get("inputs")) == inputs
    return release if release is not None and is_current and _is_whole(release) else None


def _delete(folder: Path) -> None:
    """Delete a folder; under a hidden name first, so that half of it is never taken for a release."""
    hidden = folder.with_name(f".deleted_{folder.name}")
    folder.rename(hidden)
    shutil.rmtree(hidden)


def prune(published_dir: Path, keep: int = RELEASES_KEPT) -> tuple[list[str], list[str]]:
    """Delete all but the newest releases and never the one that `current` points to.

    Returns:
        Names of the deleted releases, and sentences about what could not be deleted.
    """
    current = os.path.realpath(published_dir / "current")
    old = [path for path in release_folders(published_dir)[:-keep] if os.path.realpath(path) != current]
    deleted, notes = [], []
    for path in old:
        try:
            _delete(path)
        except OSError as error:
            notes.append(f"The old release {path.name} could not be deleted ({error.strerror or error}); delete it.")
        else:
            deleted.append(path.name)
    return deleted, notes


def clear_drafts(published_dir: Path) -> None:
    """Remove what a process left that was killed while copying; the lock says that nobody is copying now."""
    for stale in (published_dir / "releases").iterdir():
        if DRAFT_NAME.fullmatch(stale.name) and stale.is_dir() and not stale.is_symlink():
            shutil.rmtree(stale, ignore_errors=True)
    for stale in published_dir.glob(".current_*"):
        if stale.is_symlink():
            stale.unlink()
