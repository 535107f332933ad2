"""Reads a delivered file, whatever its format: what is certain is read, and the rest is refused in sentences.

No sentence shows a cell. Names of columns are shown where the format declares them; the first row of a text or a sheet
may be a respondent whose header was lost, so there the place of the column stands instead.
"""

import io
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from helsemonitor.delimited import is_spoilt, name_findings, other_file
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.cells import INFINITE
from helsemonitor.landing.delivery import DeliveredColumn, Delivery, Table
from helsemonitor.landing.files import AGAIN, beginning, digest, opened
from helsemonitor.landing.parquet import read_parquet
from helsemonitor.landing.spss import read_spss
from helsemonitor.landing.text import read_packed_text, read_text
from helsemonitor.landing.workbook import read_workbook, refuse_locked

Reader = Callable[[io.FileIO, str, Collection[str]], Table]
PACKED_TEXT = ".csv.gz"
READERS: dict[str, Reader] = {
    ".csv": read_text,
    ".txt": read_text,
    ".tsv": read_text,
    PACKED_TEXT: read_packed_text,
    ".sav": read_spss,
    ".zsav": read_spss,
    ".xlsx": read_workbook,
    ".parquet": read_parquet,
}
# Bytes with which a file of that ending begins; text begins with none of them.
BEGINNINGS = {
    PACKED_TEXT: (b"\x1f\x8b",),
    ".sav": (b"$FL2", b"$FL3"),
    ".zsav": (b"$FL2", b"$FL3"),
    ".xlsx": (b"PK\x03\x04",),
    ".parquet": (b"PAR1",),
}
DECLARING = frozenset({".sav", ".zsav", ".parquet"})


def _ending(path: Path, shown: str) -> str:
    name = path.name.lower()
    ending = PACKED_TEXT if name.endswith(PACKED_TEXT) else path.suffix.lower()
    if ending not in READERS:
        raise refusal(shown, f"files that end in {', '.join(READERS)} are read", "deliver it in one of these formats")
    return ending


def _refuse_other_content(file: io.FileIO, ending: str, shown: str) -> None:
    """Refuse a file that its ending calls something else, before it is read."""
    begins = beginning(file)
    expected = BEGINNINGS.get(ending)
    if expected and begins.startswith(expected):
        return
    if ending == ".xlsx":
        refuse_locked(file, shown)
    what = other_file(begins)
    if expected or what:
        finding = f"the file is {what}" if what else "the file holds something else"
        raise refusal(
            shown, f"{finding} and not what its name says ({ending})", "name it as what it is, or deliver it anew"
        )


def _cell_findings(column: DeliveredColumn, where: str) -> list[str]:
    """What is wrong with the cells of a column."""
    found = []
    joined = "\n".join((column.label, *column.value_labels.values(), *column.cells))
    if "\0" in joined:
        count = sum("\0" in cell for cell in column.cells)
        found.append(f"{where}: NUL characters stand in {count} cells; take them out.")
    if is_spoilt(joined):
        count = sum(is_spoilt(cell) for cell in column.cells)
        found.append(
            f"{where}: letters such as æ, ø and å were spoilt in {count} cells or in its labels; deliver the original."
        )
    if column.kind == "number" and (count := sum(cell in INFINITE for cell in column.cells)):
        found.append(f"{where}: {count} numbers are infinite; leave them blank.")
    return found


def _refuse_findings(columns: Sequence[DeliveredColumn], ending: str, shown: str) -> None:
    """Refuse what could not become a seed, whatever the format.

    Raises:
        DataRefused: Columns cannot be told apart, cells hold what no text does, or there is no respondent.
    """
    declared = ending in DECLARING
    sentences = name_findings([column.name for column in columns], shown, shows_names=declared)
    for place, column in enumerate(columns, start=1):
        sentences += _cell_findings(column, f"{shown} column {column.name if declared else place}")
    if not sentences and not (columns and columns[0].cells):
        sentences.append(f"{shown}: the file holds no respondent; {AGAIN}.")
    if sentences:
        raise DataRefused(sentences)


def read_delivery(path: Path, shown: str = "", known: Collection[str] = ()) -> Delivery:
    """Read a file that an institute delivered.

    Args:
        path: The file; its name's ending says its format.
        shown: The path as a person would type it; the path itself by default.
        known: Names of columns that are expected; they tell the separator of a text.

    Returns:
        Its columns, with every cell as text, and the digest of its bytes. Rows of a text or sheet that are blank from
        end to end are left out.

    Raises:
        DataRefused: It cannot be read with certainty, is damaged or too large, or is still being written.
    """
    shown = shown or str(path)
    with opened(path, shown) as file:
        ending = _ending(path, shown)
        _refuse_other_content(file, ending, shown)
        table = READERS[ending](file, shown, known)
        sha256 = digest(file)
    _refuse_findings(table.columns, ending, shown)
    return Delivery(path, shown, ending.removeprefix("."), sha256, table.columns, table.response_sets)
