"""Parquet, read by DuckDB in memory through the descriptor that is open already."""

import io
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.cells import column_text
from helsemonitor.landing.delivery import DeliveredColumn, Table
from helsemonitor.landing.files import AGAIN, refuse_large_table, refuse_unpacked

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Values = list[object]
END = b"PAR1"
# How a column is asked for, by its type in DuckDB. A number of 32 bits goes by its text, since 0.7312 is 0.7311999...
# when it is widened; a point in time of a zone goes as UTC.
AS_IT_IS = "{column}"
QUESTIONS = {
    "VARCHAR": AS_IT_IS,
    "BOOLEAN": AS_IT_IS,
    "DATE": AS_IT_IS,
    "TIME": AS_IT_IS,
    '"NULL"': AS_IT_IS,
    "DOUBLE": AS_IT_IS,
    "UUID": "{column}::varchar",
    "FLOAT": "{column}::varchar::double",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), AS_IT_IS),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), AS_IT_IS),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "{column}::timestamp"),
    "TIMESTAMP WITH TIME ZONE": "make_timestamp(epoch_us({column}))",
}
ZONED = "TIMESTAMP WITH TIME ZONE"
ROWS_AT_A_TIME = 5000


def _connected() -> "DuckDBPyConnection":
    """DuckDB that puts nothing on the disk and fetches no extension."""
    import duckdb

    return duckdb.connect(
        config={
            "memory_limit": "4GB",
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def _question(kind: str) -> str:
    return AS_IT_IS if kind.startswith("DECIMAL(") else QUESTIONS.get(kind, "")


def _types(connection: "DuckDBPyConnection", address: str, shown: str) -> list[tuple[str, str]]:
    """Name and type of each column; DuckDB renames columns, so the names are those of the file's own schema.

    Raises:
        DataRefused: A column holds lists or records, or values that are no text, number or date.
    """
    connection.execute(
        "select name, duckdb_type, num_children is not null or repetition_type = 'REPEATED' from parquet_schema(?)",
        [address],
    )
    _, *parts = connection.fetchall()
    nested = [name for name, _, is_nested in parts if is_nested]
    if nested:
        raise refusal(
            shown,
            f"{len(nested)} columns (the first is {nested[0]}) hold lists or records",
            "deliver one value in each cell, a column for each box",
        )
    odd = [(name, kind) for name, kind, _ in parts if not _question(kind)]
    if odd:
        name, kind = odd[0]
        raise refusal(
            shown,
            f"{len(odd)} columns (the first is {name}) hold values of type {kind}",
            "deliver them as text, numbers or dates",
        )
    return [(name, kind) for name, kind, _ in parts]


def _values(connection: "DuckDBPyConnection", address: str, kinds: list[str], shown: str) -> list[Values]:
    """Values of each column, in the order of the file's rows."""
    names = [f"c{place}" for place in range(len(kinds))]
    source = f"read_parquet(?, hive_partitioning = false) as delivered({', '.join(names)})"
    # A long text that a million rows share takes no place in the file.
    lengths = [f"sum(strlen({name}))" for name, kind in zip(names, kinds, strict=True) if kind == "VARCHAR"]
    connection.execute(f"select {', '.join(['sum(0)', *lengths])} from {source}", [address])
    refuse_unpacked(sum(size or 0 for size in connection.fetchone()), shown)
    asked = ", ".join(_question(kind).format(column=name) for kind, name in zip(kinds, names, strict=True))
    connection.execute(f"select {asked} from {source}", [address])
    columns: list[Values] = [[] for _ in kinds]
    while rows := connection.fetchmany(ROWS_AT_A_TIME):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    return columns


def _column(name: str, kind: str, values: Values) -> DeliveredColumn:
    if kind == ZONED:
        values = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in values]
    cells, kind = column_text(values)
    return DeliveredColumn(clean_name(name), cells, kind=kind)


def _read(address: str, shown: str) -> Table:
    with _connected() as connection:
        types = _types(connection, address, shown)
        connection.execute("select num_rows from parquet_file_metadata(?)", [address])
        refuse_large_table(sum(rows for (rows,) in connection.fetchall()) * len(types), shown)
        columns = _values(connection, address, [kind for _, kind in types], shown)
    return Table(tuple(_column(name, kind, values) for (name, kind), values in zip(types, columns, strict=True)))


def read_parquet(file: io.FileIO, shown: str, known: Collection[str]) -> Table:
    """Read a Parquet file.

    Args:
        file: The open file.
        shown: Its path as a person would type it.
        known: Not needed: the file says where its columns are.

    Raises:
        DataRefused: It is damaged, or its columns do not hold one text, number or date in each cell.
    """
    import duckdb

    file.seek(-len(END), io.SEEK_END)
    if file.read() != END:
        raise refusal(shown, "the Parquet file was cut off", AGAIN)
    try:
        return _read(f"/dev/fd/{file.fileno()}", shown)
    except DataRefused:
        raise
    except (duckdb.Error, ValueError, OverflowError):
        # What DuckDB says of a damaged file may show a value.
        raise refusal(shown, "the Parquet file is damaged", AGAIN) from None
