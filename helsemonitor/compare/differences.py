"""What differs between two releases, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rounding:
    """How far two numbers may lie apart and still be equal.

    Args:
        relative: Part of the larger of the two.
        absolute: In the unit of the column; keeps the dust of sums that should be zero from being large in relation.
    """

    relative: float = 1e-9
    absolute: float = 1e-12


@dataclass(frozen=True)
class ColumnDifference:
    """Values of one column that differ.

    Args:
        column: The column.
        rows: Rows in which it differs.
        largest: Largest difference, as a part of the larger value; infinite where a text, a NULL
            or a NaN is one of the two.
    """

    column: str
    rows: int
    largest: float


@dataclass(frozen=True)
class ValueDifference:
    """One value that differs.

    Args:
        key: Column -> value of the row's key.
        column: The column.
        before: Value in the first release.
        after: Value in the second.
        size: Difference as a part of the larger value, see `ColumnDifference`.
    """

    key: Mapping[str, Any]
    column: str
    before: Any
    after: Any
    size: float


@dataclass(frozen=True)
class Rows:
    """Rows of a table, by its key.

    Args:
        before: Rows in the first release.
        after: Rows in the second.
        gone: Rows that only the first has.
        added: Rows that only the second has.
        repeated_before: Rows of the first that share their key with another row of their own release or of the other.
        repeated_after: The same of the second. All of these are compared whole, and every digit counts.
        gone_shown: Some of those gone: their keys, or the whole row where the key is repeated.
        added_shown: Some of those added.
    """

    before: int
    after: int
    gone: int = 0
    added: int = 0
    repeated_before: int = 0
    repeated_after: int = 0
    gone_shown: tuple[Mapping[str, Any], ...] = ()
    added_shown: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class TableDifference:
    """What differs in one table that both releases have.

    Args:
        table: The table.
        key: Columns by which rows were paired.
        is_declared: Whether a manifest declares them; else they are all columns that are not floating point numbers.
        columns_gone: Column -> type.
        columns_added: Column -> type.
        columns_retyped: Column -> types before and after.
        rows: Its rows.
        columns: Columns with values that differ, the largest difference first.
        values: Some of those values, the largest difference first.
    """

    table: str
    key: tuple[str, ...]
    is_declared: bool
    columns_gone: Mapping[str, str]
    columns_added: Mapping[str, str]
    columns_retyped: Mapping[str, tuple[str, str]]
    rows: Rows
    columns: tuple[ColumnDifference, ...] = ()
    values: tuple[ValueDifference, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        schema = self.columns_gone or self.columns_added or self.columns_retyped
        return not (schema or self.rows.gone or self.rows.added or self.columns)


@dataclass(frozen=True)
class ReleaseDifference:
    """What differs between two releases.

    Args:
        tables_gone: Tables that only the first has.
        tables_added: Tables that only the second has.
        tables: The tables that both have, by name.
    """

    tables_gone: tuple[str, ...]
    tables_added: tuple[str, ...]
    tables: tuple[TableDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.tables_gone or self.tables_added) and all(table.is_equal for table in self.tables)
