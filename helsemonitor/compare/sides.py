"""The two sides of a comparison: release folders, found by path, by id or by the words current and previous."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from helsemonitor.settings import Settings
from helsemonitor.shelf import MANIFEST
from helsemonitor.sql import text


class NoRelease(ValueError):  # noqa: N818 - said as a person would say it
    """What was named is no release; the message says why and what to name instead."""


@dataclass(frozen=True)
class Side:
    """One release to compare.

    Args:
        path: Its folder.
        files: Table -> Parquet file.
        columns: Table -> column -> DuckDB type, in the file's order.
        grain: Table -> columns that name a row; a table is not in it where the manifest does not say.
    """

    path: Path
    files: Mapping[str, Path]
    columns: Mapping[str, Mapping[str, str]]
    grain: Mapping[str, tuple[str, ...]]


def _folders(releases: Path) -> list[Path]:
    """Folders that can be compared, by name; whatever else lies beside them is no release."""
    return sorted(path for path in releases.glob("[!.]*") if (path / "parquet").is_dir())


def _folder(settings: Settings, name: str) -> Path:
    published = settings.published_dir
    if name == "current":
        return Path(os.path.realpath(published / "current"))
    if name == "previous":
        current = Path(os.path.realpath(published / "current"))
        earlier = [path for path in _folders(published / "releases") if path.name < current.name]
        if not earlier:
            raise NoRelease(f"There is no release before the current one in {settings.shown(published / 'releases')}.")
        return earlier[-1]
    by_id = published / "releases" / name
    return by_id if by_id.is_dir() else Path(os.path.realpath(name))


def _is_table(file: Path) -> bool:
    """Whether a file of the folder is a table: hidden ones are notes of an operating system."""
    return file.is_file() and not file.name.startswith(".")


def _grain(path: Path) -> dict[str, tuple[str, ...]]:
    manifest = path / MANIFEST
    if not manifest.is_file():
        return {}
    said = json.loads(manifest.read_text(encoding="utf-8")).get("grain", {})
    return {table: tuple(columns) for table, columns in said.items()}


def find_side(settings: Settings, name: str) -> Side:
    """Find a release and read which tables and columns it has.

    Args:
        settings: Folders of the project.
        name: A folder, a release id, `current` or `previous` (the newest release before the current one).

    Raises:
        NoRelease: There is no such release, or what is there cannot be read as one.
    """
    path = _folder(settings, name)
    files = {file.stem: file for file in sorted((path / "parquet").glob("*.parquet")) if _is_table(file)}
    if not files:
        raise NoRelease(
            f"{name} is no release: {settings.shown(path / 'parquet')} holds no Parquet file. Name the folder of a "
            f"release, an id from {settings.shown(settings.published_dir / 'releases')}, current or previous."
        )
    columns: dict[str, dict[str, str]] = {}
    with duckdb.connect() as connection:
        for table, file in files.items():
            try:
                rows = connection.execute(f"describe from read_parquet({text(str(file))})").fetchall()
            except duckdb.Error:
                raise NoRelease(
                    f"{settings.shown(file)} cannot be read as a Parquet file; publish the release again."
                ) from None
            columns[table] = {column: kind for column, kind, *_ in rows}
    try:
        grain = _grain(path)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        raise NoRelease(
            f"{settings.shown(path / MANIFEST)} is not the manifest of a release; publish the release again."
        ) from None
    return Side(path, files, columns, grain)
