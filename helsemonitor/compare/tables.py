"""The comparison itself: DuckDB over the Parquet files, table by table, in bounded memory that spills to disk."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from helsemonitor.artifacts import file_sha256
from helsemonitor.compare.columns import Column, size_sql, split_columns
from helsemonitor.compare.differences import (
    ColumnDifference,
    ReleaseDifference,
    Rounding,
    Rows,
    TableDifference,
    ValueDifference,
)
from helsemonitor.compare.sides import NoRelease, Side
from helsemonitor.sql import text

MEMORY = "1GB"
# What DuckDB raises over a damaged file; a mistake in the queries raises something else.
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)


def _same_bytes(before: Path, after: Path) -> bool:
    return before.stat().st_size == after.stat().st_size and file_sha256(before) == file_sha256(after)


def _row_count(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = connection.execute(f"select count(*) from read_parquet({text(str(path))})").fetchone()
    return found[0] if found else 0


def _load(
    connection: duckdb.DuckDBPyConnection, paths: tuple[Path, Path], columns: Sequence[Column], keys: int
) -> None:
    """Make the views `before` and `after`: the shared columns as c0, c1 ..., the key first, and a hash of the key."""
    values = ", ".join(f"{column.value} as c{place}" for place, column in enumerate(columns))
    # Without a key all rows share one.
    key = f"hash({', '.join(f'c{place}' for place in range(keys))})" if keys else "0"
    for view, path in zip(("before", "after"), paths, strict=True):
        connection.execute(
            f"create or replace temp view {view} as "
            f"select *, {key} as key_hash from (select {values} from read_parquet({text(str(path))}))"
        )


def _repeated(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Make the table `repeated` of key hashes that stand more than once in a release; count their rows in each."""
    connection.execute(
        """
        create or replace temp table repeated as
        select key_hash from before group by key_hash having count(*) > 1
        union
        select key_hash from after group by key_hash having count(*) > 1
        """
    )
    found = connection.execute(
        """
        select (select count(*) from before semi join repeated using (key_hash)),
            (select count(*) from after semi join repeated using (key_hash))
        """
    ).fetchone()
    return found or (0, 0)


def _named(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]] | None) -> tuple[dict[str, Any], ...]:
    return tuple({column.name: row[f"c{place}"] for place, column in enumerate(columns)} for row in rows or ())


def _row(columns: int) -> str:
    return "{" + ", ".join(f"c{place}: c{place}" for place in range(columns)) + "}"


def _pairs_query(columns: Sequence[Column], keys: int, rounding: Rounding, shown: int) -> str:
    """SQL that pairs the rows of both releases by their key and compares what stands in them, in one pass."""
    values = range(keys, len(columns))
    key = [f"coalesce(before.c{place}, after.c{place}) as c{place}" for place in range(keys)]
    pairs = [f"before.c{place} as a{place}, after.c{place} as b{place}" for place in values]
    sizes = {place: size_sql(columns[place], f"a{place}", f"b{place}", rounding) for place in values}
    sized = [f"case when in_before and in_after then {size} end as s{place}" for place, size in sizes.items()]
    one = [f"{{size: s{place}, key: {_row(keys)}, a: a{place}, b: b{place}}}" for place in values]
    largest = [
        f"count(s{place}), max(s{place}), max({named}, {shown}) filter (where s{place} is not null)"
        for place, named in zip(values, one, strict=True)
    ]
    on = " and ".join(f"before.c{place} is not distinct from after.c{place}" for place in range(keys))
    there = "before.is_there is not null as in_before, after.is_there is not null as in_after"
    return f"""
        with before as (select *, true as is_there from before anti join repeated using (key_hash)),
        after as (select *, true as is_there from after anti join repeated using (key_hash)),
        paired as (select {", ".join([*key, *pairs, there])} from before full join after on {on}),
        sized as (select {", ".join(["*", *sized])} from paired)
        select
            count(*) filter (where not in_after), min({_row(keys)}, {shown}) filter (where not in_after),
            count(*) filter (where not in_before), min({_row(keys)}, {shown}) filter (where not in_before)
            {"".join(f", {one}" for one in largest)}
        from sized
    """


def _pair(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], keys: int, rounding: Rounding, shown: int
) -> tuple[Rows, list[ColumnDifference], list[ValueDifference]]:
    """Compare the rows whose key stands once in each release."""
    found = connection.execute(_pairs_query(columns, keys, rounding, shown)).fetchone() or ()
    key = columns[:keys]
    rows = Rows(0, 0, found[0], found[2], gone_shown=_named(key, found[1]), added_shown=_named(key, found[3]))
    differing, values = [], []
    for place, column in enumerate(columns[keys:]):
        number, largest, examples = found[4 + 3 * place : 7 + 3 * place]
        if number:
            differing.append(ColumnDifference(column.name, number, largest))
        for one in examples or ():
            (named,) = _named(key, [one["key"]])
            values.append(ValueDifference(named, column.name, one["a"], one["b"], one["size"]))
    return rows, differing, values


def _compare_whole(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], shown: int) -> Rows:
    """Compare the rows whose key is repeated: how often each whole row stands in either release."""
    names = ", ".join(f"c{place}" for place in range(len(columns)))
    found = connection.execute(
        f"""
        with sided as (
            select {names}, 1 as side from before semi join repeated using (key_hash)
            union all
            select {names}, -1 as side from after semi join repeated using (key_hash)
        ),
        left_over as (select {names}, sum(side) as n from sided group by {names} having sum(side) != 0)
        select
            coalesce(sum(n) filter (where n > 0), 0)::bigint, min({_row(len(columns))}, {shown}) filter (where n > 0),
            coalesce(-sum(n) filter (where n < 0), 0)::bigint, min({_row(len(columns))}, {shown}) filter (where n < 0)
        from left_over
        """
    ).fetchone()
    gone, gone_shown, added, added_shown = found or (0, None, 0, None)
    return Rows(0, 0, gone, added, gone_shown=_named(columns, gone_shown), added_shown=_named(columns, added_shown))


def _contents(
    connection: duckdb.DuckDBPyConnection,
    paths: tuple[Path, Path],
    columns: Sequence[Column],
    keys: int,
    rounding: Rounding,
    shown: int,
) -> tuple[Rows, list[ColumnDifference], list[ValueDifference]]:
    """Compare rows and values of the shared columns, of which the first `keys` are the key."""
    before, after = (_row_count(connection, path) for path in paths)
    if not columns:
        return Rows(before, after), [], []
    _load(connection, paths, columns, keys)
    repeated = _repeated(connection)
    rows, differing, values = Rows(0, 0), [], []
    if keys:
        rows, differing, values = _pair(connection, columns, keys, rounding, shown)
    whole = _compare_whole(connection, columns, shown) if any(repeated) else Rows(0, 0)
    rows = Rows(
        before,
        after,
        rows.gone + whole.gone,
        rows.added + whole.added,
        *repeated,
        gone_shown=(*rows.gone_shown, *whole.gone_shown)[:shown],
        added_shown=(*rows.added_shown, *whole.added_shown)[:shown],
    )
    differing.sort(key=lambda one: (-one.largest, one.column))
    values.sort(key=lambda one: -one.size)
    return rows, differing, values[:shown]


def compare_table(
    connection: duckdb.DuckDBPyConnection, table: str, before: Side, after: Side, rounding: Rounding, shown: int
) -> TableDifference:
    """Compare one table that both releases have.

    Raises:
        NoRelease: A file is damaged.
    """
    paths = (before.files[table], after.files[table])
    old, new = before.columns[table], after.columns[table]
    declared = after.grain.get(table) or before.grain.get(table) or ()
    key, values = split_columns(old, new, declared)
    try:
        if _same_bytes(*paths):
            number = _row_count(connection, paths[0])
            rows, differing, found = Rows(number, number), [], []
        else:
            rows, differing, found = _contents(connection, paths, [*key, *values], len(key), rounding, shown)
    except duckdb.Error as error:
        # A page that cannot be decoded raises the base class itself.
        if not (isinstance(error, UNREADABLE) or type(error) is duckdb.Error):
            raise
        raise NoRelease(f"Table {table} of {before.path} or {after.path} cannot be read: {error}") from None
    return TableDifference(
        table=table,
        key=tuple(column.name for column in key),
        is_declared=bool(declared),
        columns_gone={name: kind for name, kind in old.items() if name not in new},
        columns_added={name: kind for name, kind in new.items() if name not in old},
        columns_retyped={name: (kind, new[name]) for name, kind in old.items() if new.get(name, kind) != kind},
        rows=rows,
        columns=tuple(differing),
        values=tuple(found),
    )


def compare_releases(before: Side, after: Side, rounding: Rounding | None = None, shown: int = 10) -> ReleaseDifference:
    """Compare two releases.

    Args:
        before: The first release.
        after: The second.
        rounding: What counts as equal.
        shown: How many rows gone, rows added and values to name at most in each table; one at least.
    """
    shared = [table for table in before.files if table in after.files]
    with tempfile.TemporaryDirectory(prefix="helsemonitor_") as spill, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = {text(MEMORY)}")
        connection.execute(f"set temp_directory = {text(spill)}")
        connection.execute("set preserve_insertion_order = false")
        tables = tuple(
            compare_table(connection, table, before, after, rounding or Rounding(), shown) for table in shared
        )
    return ReleaseDifference(
        tables_gone=tuple(table for table in before.files if table not in after.files),
        tables_added=tuple(table for table in after.files if table not in before.files),
        tables=tables,
    )
