"""Publishing: the marts leave the warehouse as a release folder, and one renamed link makes it the current one.

A release is complete before its folder gets its name and on disk before the link points to it, so a reader of `current`
sees the former release or the new one, whatever happens in between.
"""

import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from helsemonitor.artifacts import file_sha256
from helsemonitor.codebook import Wave
from helsemonitor.errors import DataRefused
from helsemonitor.place import published_link
from helsemonitor.settings import Settings
from helsemonitor.shelf import MANIFEST, Release, clear_drafts, point_current, prune, sync
from helsemonitor.sql import quoted, text

DATABASE = "helsemonitor.duckdb"
# Readable by every DuckDB client since 1.0.
STORAGE_VERSION = "v1.0.0"
# DuckDB tries every way to store a column; this one of text costs the most and is never the smallest here by much.
TRIED_IN_VAIN = "fsst"
# Numbers with more values than this are smaller without a list of them.
PARQUET = "format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000"
MOST_AT_ONCE = 4
# Columns of the warehouse that belong to one respondent; the delivered names are added from waves.csv.
PERSON_COLUMNS = frozenset({"respondent_id", "respondent_no", "weight"})


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)


def mart_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables and views in schema `marts` of the attached `warehouse`, sorted."""
    query = """
        select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts'
        union all
        select view_name from duckdb_views() where database_name = 'warehouse' and schema_name = 'marts'
        order by 1
    """
    return [name for (name,) in connection.execute(query).fetchall()]


def refuse_person_columns(
    connection: duckdb.DuckDBPyConnection, waves: Iterable[Wave], tables: Collection[str]
) -> None:
    """Refuse marts with a column that identifies or describes one respondent.

    Args:
        connection: Connection with the attached `warehouse`.
        waves: Declared waves.
        tables: The marts to look at.

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
    columns = connection.execute(query).fetchall()
    found = [row for row in columns if row[0] in tables and row[1].lower() in forbidden]
    if found:
        raise DataRefused(
            f"marts.{table} has the column {column}, which belongs to single respondents; a mart holds counts and sums "
            "over groups, so remove the column from the model."
            for table, column in found
        )


def _declare_tables(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Make the tables of the release, without a row, and say what they and their columns hold."""
    commented = """
        select 'table', table_name, null, comment from duckdb_tables()
        where database_name = 'warehouse' and schema_name = 'marts'
        union all
        select 'table', view_name, null, comment from duckdb_views()
        where database_name = 'warehouse' and schema_name = 'marts'
        union all
        select 'column', table_name, column_name, comment from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts'
    """
    comments = connection.execute(commented).fetchall()
    # In one transaction: each of hundreds of comments would wait for the disk otherwise.
    connection.execute("begin")
    connection.execute("create schema release.marts")
    for table in tables:
        name = quoted(table)
        connection.execute(f"create table release.marts.{name} as from warehouse.marts.{name} limit 0")
    for kind, table, column, comment in comments:
        if comment and table in tables:
            target = ".".join(quoted(part) for part in ("release", "marts", table, column) if part)
            connection.execute(f"comment on {kind} {target} is {text(comment)}")
    connection.execute("commit")


def _text_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Columns of text of every mart, quoted."""
    query = """
        select table_name, column_name from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'marts' and data_type = 'VARCHAR'
        order by table_name, column_index
    """
    found: dict[str, list[str]] = defaultdict(list)
    for table, column in connection.execute(query).fetchall():
        found[table].append(quoted(column))
    return found


def _code_words(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> None:
    """Declare a type `words_<place>` for each column of text: its words in order, so that a number sorts as its word.

    Numbers are sorted, and written to Parquet, which lists the words of a column by itself, in half the time of text.
    """
    for place, column in enumerate(columns):
        connection.execute(
            f"create or replace temp type words_{place} as enum (select distinct {column} "
            f"from warehouse.marts.{quoted(table)} where {column} is not null order by {column})"
        )


def _replacing(columns: Sequence[str]) -> str:
    return f"* replace ({', '.join(columns)})" if columns else "*"


def _copy_table(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, words: Sequence[str], grain: Sequence[str]
) -> dict[str, Any]:
    _code_words(connection, table, words)
    coded = _replacing([f"{column}::words_{place} as {column}" for place, column in enumerate(words)])
    plain = _replacing([f"{column}::varchar as {column}" for column in words])
    # In the order of what names a row, so that equal content gives equal bytes whatever the build's order was.
    order = ", ".join(quoted(column) for column in grain) or "all"
    connection.execute(
        f"create temp table sorted as select {coded} from warehouse.marts.{quoted(table)} order by {order}"
    )
    parquet = folder / "parquet" / f"{table}.parquet"
    connection.execute(f"copy sorted to {text(str(parquet))} ({PARQUET})")
    rows = connection.execute(f"insert into release.marts.{quoted(table)} select {plain} from sorted").fetchone()
    connection.execute("drop table sorted")
    return {"rows": rows[0] if rows else 0, "sha256": file_sha256(parquet)}


def _copy_tables(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path, grains: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Copy the tables, several at a time, the largest first; one thread of DuckDB's for each."""
    words = _text_columns(connection)

    def copy(table: str) -> dict[str, Any]:
        with connection.cursor() as cursor:
            return _copy_table(cursor, table, folder, words.get(table, ()), grains.get(table, ()))

    query = """
        select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts'
        order by estimated_size * column_count desc
    """
    largest = [name for (name,) in connection.execute(query).fetchall() if name in tables]
    ordered = [*largest, *(name for name in tables if name not in largest)]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        copied = dict(zip(ordered, pool.map(copy, ordered), strict=True))
    return {table: copied[table] for table in tables}


def _marts_to_copy(settings: Settings, found: Sequence[str], marts: Collection[str] | None) -> list[str]:
    """The marts of the project, and nothing that an earlier one left beside them."""
    if marts is not None and (missing := sorted(set(marts) - set(found))):
        raise DataRefused(
            [
                f"{settings.shown(settings.warehouse)} has no table {', '.join(f'marts.{name}' for name in missing)}, "
                "which the project declares; run the whole road (`helsemonitor refresh` or the job annual_refresh)."
            ]
        )
    tables = [name for name in found if marts is None or name in marts]
    if not tables:
        raise DataRefused([f"{settings.shown(settings.warehouse)} has no table in schema marts; nothing to publish."])
    return tables


def write_release(
    settings: Settings,
    waves: Sequence[Wave],
    folder: Path,
    marts: Collection[str] | None = None,
    grains: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Copy the marts of the warehouse into a folder as one DuckDB file and one Parquet file per table.

    A table stands in the order of its grain in both.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        folder: Empty folder to fill.
        marts: Names of the marts that the project makes; by default all that schema `marts` holds.
        grains: Mart -> columns that name a row of it; a mart that it lacks is sorted by all its columns.

    Returns:
        Table name -> rows and checksum of its Parquet file.

    Raises:
        DataRefused: There are no marts, one is missing, or one has a column of a single respondent.
    """
    (folder / "parquet").mkdir()
    with duckdb.connect(config={"threads": 1, "disabled_compression_methods": TRIED_IN_VAIN}) as connection:
        connection.execute(f"attach {text(str(settings.warehouse))} as warehouse (read_only)")
        tables = _marts_to_copy(settings, mart_tables(connection), marts)
        refuse_person_columns(connection, waves, tables)
        connection.execute(
            f"attach {text(str(folder / DATABASE))} as release (storage_version {text(STORAGE_VERSION)})"
        )
        _declare_tables(connection, tables)
        copied = _copy_tables(connection, tables, folder, grains or {})
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


def publish_release(
    settings: Settings,
    waves: Sequence[Wave],
    facts: Mapping[str, Any],
    marts: Collection[str] | None = None,
    last_call: Callable[[], None] = lambda: None,
) -> Release:
    """Publish the marts of the warehouse. The caller holds the writer's lock.

    Args:
        settings: Folders of the project.
        waves: Declared waves.
        facts: What the manifest says besides tables, waves and time (counts, checks, versions); its `grain` is the
            order of rows.
        marts: Names of the marts that the project makes; by default all that schema `marts` holds.
        last_call: Called when the release is complete and not yet current; where it raises, the former one stays.

    Returns:
        The new current release.

    Raises:
        DataRefused: The marts are not fit to be published; `current` is as it was.
    """
    releases = settings.releases_dir
    releases.mkdir(parents=True, exist_ok=True)
    clear_drafts(settings.published_dir)
    draft = path = releases / f".draft_{os.getpid()}"
    try:
        draft.mkdir()
        tables = write_release(settings, waves, draft, marts, facts.get("grain"))
        now = datetime.now(UTC)
        path = _release_path(releases, tables, now)
        manifest = {
            "release": path.name,
            "published_at": now.isoformat(timespec="seconds"),
            "waves": [wave.wave_id for wave in waves],
            **facts,
            "tables": tables,
            "files": {DATABASE: file_sha256(draft / DATABASE)},
        }
        said = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (draft / MANIFEST).write_text(said, encoding="utf-8")
        _sync_tree(draft)
        last_call()
        draft.rename(path)
        sync(releases)
        point_current(settings.published_dir, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        if published_link(settings) != f"{releases.name}/{path.name}":
            shutil.rmtree(path, ignore_errors=True)
        raise
    _, notes = prune(settings.published_dir)
    return Release(path=path, manifest=manifest, notes=tuple(notes))
