"""Delivered files of every format, written by other programs than those that read them."""

import gzip
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import xlsxwriter

Columns = Mapping[str, Sequence[object]]
# What no sentence may show.
MARK = "hemmelig-4711"
MARKED_NUMBER = 47110815
# A small table that every format can hold; its cells as text.
SMALL: Columns = {
    "løpenr": ["1", "2", "3", "4"],
    "kjønn": ["1", "2", "", "1"],
    "merknad": [f"{MARK} æøå ÆØÅ", '=1+1; "ja", nei', "", "to\nlinjer"],
    "sum": [str(MARKED_NUMBER), "0.7312", "", "1000000000000000"],
    # A first respondent whose cells would be one name twice, were the header lost.
    "annet": [f"{MARK} æøå ÆØÅ", "", "", "3"],
}
NUMBERS = ("løpenr", "kjønn", "sum")
END_OF_DICTIONARY = struct.pack("<ii", 999, 0)


def as_numbers(columns: Columns) -> dict[str, list]:
    """The same table with numbers where SPSS, Excel and Parquet hold numbers."""
    return {
        name: [float(cell) if cell else None for cell in cells] if name in NUMBERS else list(cells)
        for name, cells in columns.items()
    }


def csv_text(columns: Columns, separator: str = ",") -> str:
    """Every cell in quotes."""
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)


def write_csv(path: Path, columns: Columns) -> None:
    path.write_bytes(csv_text(columns).encode())


def write_packed(path: Path, columns: Columns) -> None:
    path.write_bytes(gzip.compress(csv_text(columns).encode(), mtime=0))


def write_sav(path: Path, columns: Columns, **options: object) -> None:
    pyreadstat.write_sav(pd.DataFrame(as_numbers(columns)), path, **options)


def write_zsav(path: Path, columns: Columns) -> None:
    write_sav(path, columns, compress=True)


def write_xlsx(path: Path, columns: Columns) -> None:
    """Text as text, whatever it begins with."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for place, (name, cells) in enumerate(as_numbers(columns).items()):
            for row, cell in enumerate([name, *cells]):
                if isinstance(cell, str):
                    sheet.write_string(row, place, cell)
                elif cell is not None:
                    sheet.write(row, place, cell)


def write_parquet(path: Path, columns: Columns) -> None:
    pq.write_table(pa.table(as_numbers(columns)), path)


WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    ".csv": write_csv,
    ".csv.gz": write_packed,
    ".sav": write_sav,
    ".zsav": write_zsav,
    ".xlsx": write_xlsx,
    ".parquet": write_parquet,
}


def with_response_sets(sav: bytes, sets: str) -> bytes:
    """An SPSS file with a record of multiple-response sets (type 7, subtype 7), which no Python library writes."""
    end = sav.index(END_OF_DICTIONARY)
    text = sets.encode()
    return sav[:end] + struct.pack("<iiii", 7, 7, 1, len(text)) + text + sav[end:]


def in_windows_1252(sav: bytes) -> bytes:
    """An SPSS file of ASCII text as one that says it is in Windows-1252: without its record of the encoding."""
    start = sav.index(struct.pack("<iii", 7, 20, 1))
    (length,) = struct.unpack_from("<i", sav, start + 12)
    without = sav[:start] + sav[start + 16 + length :]
    numbers = without.index(struct.pack("<iiii", 7, 3, 4, 8)) + 16
    return without[: numbers + 28] + struct.pack("<i", 1252) + without[numbers + 32 :]
