"""What `helsemonitor diff-release` says: what differs between two releases, table by table."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from helsemonitor.compare.differences import ReleaseDifference, Rounding, Rows, TableDifference, ValueDifference
from helsemonitor.compare.sides import Side
from helsemonitor.settings import Settings
from orchestration.reporters import spaced


def _value(value: Any) -> str:  # noqa: ANN401 - whatever a Parquet column holds
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _key(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{column} {_value(value)}" for column, value in row.items())


def _size(size: float) -> str:
    return "" if math.isinf(size) else f" ({size:.2g} of the larger)"


def _moved(one: ValueDifference) -> str:
    return f"{one.column} {_value(one.before)} -> {_value(one.after)}{_size(one.size)}, {_key(one.key)}"


def _schema(table: TableDifference) -> Iterator[str]:
    for column, kind in table.columns_gone.items():
        yield f"column   {column} {kind} is gone"
    for column, kind in table.columns_added.items():
        yield f"column   {column} {kind} is new"
    for column, (before, after) in table.columns_retyped.items():
        yield f"column   {column} was {before} and is {after}"


def _rows(rows: Rows) -> str:
    return (
        f"rows     {spaced(rows.before)} before, {spaced(rows.after)} after: {spaced(rows.gone)} gone, "
        f"{spaced(rows.added)} new"
    )


def _table(table: TableDifference) -> Iterator[str]:
    rows = table.rows
    declared = "" if table.is_declared else " (all columns that are no floating point numbers; no grain is declared)"
    yield from _schema(table)
    yield _rows(rows)
    yield f"key      {', '.join(table.key) or 'none'}{declared}"
    if rows.repeated_before or rows.repeated_after:
        yield (
            f"repeated {spaced(rows.repeated_before)} rows before and {spaced(rows.repeated_after)} after have a key "
            "that is not unique in both; they are compared as whole rows, to the last digit"
        )
    yield from (f"gone     {_key(row)}" for row in rows.gone_shown)
    yield from (f"new      {_key(row)}" for row in rows.added_shown)
    for column in table.columns:
        largest = "" if math.isinf(column.largest) else f", by up to {column.largest:.2g} of the larger value"
        yield f"values   {column.column} differs in {spaced(column.rows)} rows{largest}"
    yield from (f"value    {_moved(one)}" for one in table.values)


def lines(
    settings: Settings, before: Side, after: Side, difference: ReleaseDifference, rounding: Rounding
) -> Iterator[str]:
    """Say what differs, a line a fact; the last line sums up."""
    yield f"before   {settings.shown(before.path)}"
    yield f"after    {settings.shown(after.path)}"
    yield f"equal    numbers within {rounding.relative:g} of the larger, or within {rounding.absolute:g}"
    yield from (f"table    {table} is gone" for table in difference.tables_gone)
    yield from (f"table    {table} is new" for table in difference.tables_added)
    differing = [table for table in difference.tables if not table.is_equal]
    for table in differing:
        yield ""
        yield table.table
        yield from (f"  {line}" for line in _table(table))
    yield ""
    equal = len(difference.tables) - len(differing)
    if difference.is_equal:
        number = sum(one.rows.after for one in difference.tables)
        yield f"The releases are equal: {equal} tables, {spaced(number)} rows."
        return
    yield (
        f"The releases differ: {equal} tables equal, {len(differing)} changed, {len(difference.tables_gone)} gone, "
        f"{len(difference.tables_added)} new; {spaced(sum(one.rows.gone for one in differing))} rows gone, "
        f"{spaced(sum(one.rows.added for one in differing))} new, "
        f"{spaced(sum(column.rows for one in differing for column in one.columns))} values changed."
    )
