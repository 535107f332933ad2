"""The columns that both releases have: which are the key, and in SQL when two values differ and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helsemonitor.compare.differences import Rounding
from helsemonitor.sql import quoted

WHOLE = frozenset(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "", "BIG", "HUGE")) | {
    "INTEGER",
    "UINTEGER",
}
FLOATING = frozenset({"FLOAT", "DOUBLE"})


def is_number(kind: str) -> bool:
    """Whether a DuckDB type holds numbers."""
    return kind in WHOLE or kind in FLOATING or kind.startswith("DECIMAL")


@dataclass(frozen=True)
class Column:
    """A column of both releases.

    Args:
        name: The column.
        before: Type in the first release.
        after: Type in the second.
    """

    name: str
    before: str
    after: str

    @property
    def is_floating(self) -> bool:
        """Whether either release keeps it as a floating point number."""
        return bool(FLOATING & {self.before, self.after})

    @property
    def is_numeric(self) -> bool:
        """Whether both releases keep it as a number."""
        return is_number(self.before) and is_number(self.after)

    @property
    def value(self) -> str:
        """The column as SQL of a type that both releases share."""
        name = quoted(self.name)
        if self.before == self.after:
            return name
        return f"cast({name} as {'double' if self.is_numeric else 'varchar'})"


def split_columns(
    before: Mapping[str, str], after: Mapping[str, str], declared: Sequence[str]
) -> tuple[list[Column], list[Column]]:
    """Split the columns of both releases into the key of a row and its values.

    Args:
        before: Column -> type in the first release.
        after: The same in the second.
        declared: Columns of the declared grain; empty where none is declared, and then every column that is no floating
            point number is key.

    Returns:
        Key and values.
    """
    shared = [Column(name, kind, after[name]) for name, kind in before.items() if name in after]
    key = [column for column in shared if not column.is_floating and (column.name in declared or not declared)]
    return key, [column for column in shared if column not in key]


def size_sql(column: Column, before: str, after: str, rounding: Rounding) -> str:
    """SQL for the difference of two values as a part of the larger: NULL where they are equal within rounding.

    Infinite where one of them has no size: a text, a NULL, a NaN, an infinity.

    Args:
        column: The column.
        before: SQL of its value in the first release.
        after: SQL of its value in the second.
        rounding: What counts as equal.
    """
    if not column.is_numeric:
        return f"case when {before} is distinct from {after} then 'infinity'::double end"
    a, b = f"{before}::double", f"{after}::double"
    larger = f"greatest(abs({a}), abs({b}))"
    is_whole = {column.before, column.after} <= WHOLE
    allowed = "0" if is_whole else f"greatest({rounding.relative!r}::double * {larger}, {rounding.absolute!r}::double)"
    return f"""case
        when {before} is not distinct from {after} then null
        when coalesce(not isfinite({a}) or not isfinite({b}), true) then 'infinity'::double
        when abs({a} - {b}) > {allowed} then abs({a} - {b}) / {larger}
        {"else 0" if is_whole else ""}
    end"""
