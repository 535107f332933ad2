"""Publishing: the marts leave the warehouse as a release folder, and one renamed link makes it the current one.

A release is complete before its folder gets its name and on disk before the link points to it, so a reader of `current`
sees the former release or the new one, whatever happens in between.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.settings import Settings

DATABASE = "helsemonitor.duckdb"
MANIFEST = "manifest.json"
RELEASES_KEPT = 5
# Readable by every DuckDB client since 1.0.
STORAGE_VERSION = "v1.0.0"
# Columns of the warehouse that belong to one respondent; the delivered names are added from waves.csv.
PERSON_COLUMNS = frozenset({"respondent_id", "respondent_no", "weight"})


@dataclass(frozen=True)
class Release:
    """One published release.

    Args:
        path: Folder of the release.
        manifest: Content of its `manifest.json`.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def release_id(self) -> str:
        """Sortable name of the release."""
        return self.path.name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def file_sha256(path: Path) -> str:
    """Checksum of a file, as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def mart_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables and views in schema `marts` of the attached `warehouse`, sorted."""
    query = """
        select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts'
        union all
        select view_name from duckdb_views() where database_name = 'warehouse' and schema_name = 'marts'
        order by 1
    """
    return [name for (name,) in connection.execute(query).fetchall()]


def refuse_person_columns(connection: duckdb.DuckDBPyConnection, waves: Iterable[Wave]) -> None:
    """Refuse marts with a column that identifies or describes one respondent.

    Raises:
        DataRefused: One sentence per such column.
    """
    forbidden = set(PERSON_COLUMNS)
    for wave in waves:
        forbidden |= {wave.respondent_column.lower(), wave.weight_column.lower()} - {""}
    query = """
        select table_name, column_name from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts' order by 1, 2
    """
    found = [row for row in connection.execute(query).fetchall() if row[1].lower() in forbidden]
    if found:
        raise DataRefused(
            f"marts.{table} has the column {column}, which belongs to single respondents; a mart holds counts and sums "
            "over groups, so remove the column from the model."
            for table, column in found
        )


def _copy_comments(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    target = f"release.marts.{_quoted(table)}"
    table_comments = """
        select comment from duckdb_tables()
        where database_name = 'warehouse' and schema_name = 'marts' and table_name = $1
        union all
        select comment from duckdb_views()
        where database_name = 'warehouse' and schema_name = 'marts' and view_name = $1
    """
    for (comment,) in connection.execute(table_comments, [table]).fetchall():
        if comment:
            connection.execute(f"comment on table {target} is {_text(comment)}")
    column_comments = """
        select column_name, comment from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts' and table_name = $1 and comment is not null
    """
    for column, comment in connection.execute(column_comments, [table]).fetchall():
        connection.execute(f"comment on column {target}.{_quoted(column)} is {_text(comment)}")


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> dict[str, Any]:
    name = _quoted(table)
    # Ordered by every column, so that equal content gives equal bytes whatever the order of the build's threads was.
    connection.execute(f"create table release.marts.{name} as select * from warehouse.marts.{name} order by all")
    _copy_comments(connection, table)
    parquet = folder / "parquet" / f"{table}.parquet"
    connection.execute(
        f"copy (select * from release.marts.{name}) to {_text(str(parquet))} (format parquet, compression zstd)"
    )
    rows = connection.execute(f"select count(*) from release.marts.{name}").fetchone()
    return {"rows": rows[0] if rows else 0, "sha256": file_sha256(parquet)}


def write_release(settings: Settings, waves: Sequence[Wave], folder: Path) -> dict[str, Any]:
    """Copy schema `marts` of the warehouse into a folder as one DuckDB file and one Parquet file per table.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        folder: Empty folder to fill.

    Returns:
        Table name -> rows and checksum of its Parquet file.

    Raises:
        DataRefused: There are no marts, or one has a column of a single respondent.
    """
    (folder / "parquet").mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"attach {_text(str(settings.warehouse))} as warehouse (read_only)")
        tables = mart_tables(connection)
        if not tables:
            raise DataRefused(
                [f"{settings.shown(settings.warehouse)} has no table in schema marts; nothing to publish."]
            )
        refuse_person_columns(connection, waves)
        connection.execute(
            f"attach {_text(str(folder / DATABASE))} as release (storage_version {_text(STORAGE_VERSION)})"
        )
        connection.execute("create schema release.marts")
        copied = {table: _copy_table(connection, table, folder) for table in tables}
        connection.execute("detach release")
    return copied


def _release_path(releases: Path, tables: Mapping[str, Any], now: datetime) -> Path:
    content = hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:8]
    # Microseconds keep releases of one second apart and in order.
    stem = f"{now:%Y%m%d_%H%M%S_%f}_{content}"
    path, counter = releases / stem, 1
    while path.exists():
        counter += 1
        path = releases / f"{stem}_{counter}"
    return path


def point_current(published_dir: Path, release: Path) -> None:
    """Let `current` point to a release, in one step that a reader cannot see half done."""
    link = published_dir / f".current_{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(release.relative_to(published_dir))
    try:
        link.replace(published_dir / "current")
    except OSError:
        link.unlink(missing_ok=True)
        raise
    _sync(published_dir)


def current_release(settings: Settings) -> Release | None:
    """Read the current release; None before the first one."""
    current = settings.published_dir / "current"
    if not current.exists():
        return None
    path = current.resolve()
    return Release(path=path, manifest=json.loads((path / MANIFEST).read_text(encoding="utf-8")))


def prune(published_dir: Path, keep: int = RELEASES_KEPT) -> list[str]:
    """Delete all but the newest releases and never the one that `current` points to.

    Returns:
        Names of the deleted releases.
    """
    current = (published_dir / "current").resolve()
    releases = sorted(path for path in (published_dir / "releases").iterdir() if not path.name.startswith("."))
    old = [path for path in releases[:-keep] if path != current]
    for path in old:
        shutil.rmtree(path)
    return [path.name for path in old]


def publish_release(settings: Settings, waves: Sequence[Wave], facts: Mapping[str, Any]) -> Release:
    """Publish the marts of the warehouse. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        facts: What the manifest says besides tables, waves and time (counts, checks, versions).

    Returns:
        The new current release.

    Raises:
        DataRefused: The marts are not fit to be published; `current` is as it was.
    """
    releases = settings.published_dir / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    # Left over by a process that was killed while copying; the lock says nobody is copying now.
    for stale in releases.glob(".*"):
        shutil.rmtree(stale)
    for stale in settings.published_dir.glob(".current_*"):
        stale.unlink()
    draft = releases / f".draft_{os.getpid()}"
    draft.mkdir()
    path = draft
    try:
        tables = write_release(settings, waves, draft)
        now = datetime.now(UTC)
        path = _release_path(releases, tables, now)
        manifest = {
            "release": path.name,
            "published_at": now.isoformat(timespec="seconds"),
            "waves": [wave.wave_id for wave in waves],
            **facts,
            "tables": tables,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (draft / MANIFEST).write_text(text, encoding="utf-8")
        _sync_tree(draft)
        draft.rename(path)
        _sync(releases)
        point_current(settings.published_dir, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        if (settings.published_dir / "current").resolve() != path:
            shutil.rmtree(path, ignore_errors=True)
        raise
    prune(settings.published_dir)
    return Release(path=path, manifest=manifest)
