"""Workbooks of Excel (.xlsx), read by openpyxl.

calamine is six times as fast, but it ends the process where a sheet has a cell in its last corner, and it leaves
blank what Excel could not compute. Here such cells are counted and refused.
"""

import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from helsemonitor.delimited import clean_name
from helsemonitor.errors import DataRefused, refusal
from helsemonitor.landing.cells import cell_text, column_text
from helsemonitor.landing.delivery import DeliveredColumn, Table
from helsemonitor.landing.files import AGAIN, CHUNK, refuse_large_table, refuse_unpacked

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

Cells = Sequence["ReadOnlyCell"]
Values = tuple[object, ...]
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# Office writes no document type; one may name entities that grow without end.
DOCUMENT_TYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
FORMULAS = (b"</f>", b":f>")
LONGEST_MARK = 20
# How Office writes characters that XML does not know, the carriage return first of all.
CONTROL = re.compile("_x(00[01][0-9A-Fa-f])_")
MOST_ROWS = 1 << 20
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def refuse_locked(file: io.FileIO, shown: str) -> None:
    """Refuse a workbook that is closed by a password: another kind of file, which holds the workbook encrypted.

    Raises:
        DataRefused: It is one.
    """
    file.seek(0)
    content = file.read()
    if content.startswith(OLD_EXCEL) and ENCRYPTED in content:
        raise refusal(shown, "the workbook is encrypted", "save it without a password")


def _has_formulas(archive: zipfile.ZipFile, shown: str) -> bool:
    """Unpack everything once, piece by piece, and tell whether there are formulas.

    Raises:
        DataRefused: It comes to too much, or is packed or written as no workbook is.
    """
    members = archive.infolist()
    refuse_unpacked(sum(member.file_size for member in members), shown)
    strange = refusal(shown, "the workbook holds parts that Excel does not write", "save it anew from Excel")
    size, found = 0, False
    for member in members:
        if member.compress_type not in PACKINGS:
            raise strange
        seam = b""
        with archive.open(member) as part:
            while piece := part.read(CHUNK):
                size += len(piece)
                refuse_unpacked(size, shown)
                seam += piece
                if any(mark in seam for mark in DOCUMENT_TYPES):
                    raise strange
                found = found or any(mark in seam for mark in FORMULAS)
                seam = seam[-LONGEST_MARK:]
    return found


def _workbook(file: io.FileIO, *, formulas: bool = False) -> "Workbook":
    from openpyxl import load_workbook

    return load_workbook(file, read_only=True, data_only=not formulas, keep_links=False)


def _every_row(sheet: "ReadOnlyWorksheet", shown: str) -> Iterator[Cells]:
    # Some programs write that a sheet ends at A1.
    sheet.reset_dimensions()
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells += len(row)
        refuse_large_table(cells, shown)
        if number > MOST_ROWS:
            raise refusal(shown, f"a sheet has more than {MOST_ROWS} rows", "save the workbook anew from Excel")
        yield row


def _rows(sheet: "ReadOnlyWorksheet", shown: str) -> Iterator[Cells]:
    """Rows of a sheet that are not blank."""
    for row in _every_row(sheet, shown):
        if any(cell.value is not None and cell.value != "" for cell in row):
            yield row


def _chosen(book: "Workbook", shown: str) -> int:
    """Place of the one sheet that holds a table; where none does, of the first that holds a cell."""
    depths = [sum(1 for _ in islice(_rows(sheet, shown), 2)) for sheet in book.worksheets]
    tables = [place for place, depth in enumerate(depths) if depth > 1]
    if len(tables) > 1:
        titles = ", ".join(book.worksheets[place].title for place in tables[:3])
        raise refusal(shown, f"{len(tables)} sheets hold tables ({titles})", "keep the one with the respondents")
    filled = tables or [place for place, depth in enumerate(depths) if depth]
    if not filled:
        raise refusal(shown, "no sheet of the workbook holds a cell", AGAIN)
    return filled[0]


def _refuse_uncomputed(results: "ReadOnlyWorksheet", formulas: "ReadOnlyWorksheet", shown: str) -> None:
    """Refuse formulas whose result was not saved: a program wrote them and Excel has not computed them yet."""
    count = sum(
        formula.data_type == "f" and result.value is None and result.data_type == "n"
        for row, asked in zip(_every_row(results, shown), _every_row(formulas, shown), strict=True)
        for result, formula in zip(row, asked, strict=True)
    )
    if count:
        raise refusal(shown, f"{count} cells hold a formula without its result", "open it in Excel and save it")


def _value(value: object) -> object:
    if not isinstance(value, str) or "_x00" not in value:
        return value
    return CONTROL.sub(lambda found: chr(int(found[1], 16)), value)


def _values(sheet: "ReadOnlyWorksheet", shown: str) -> list[Values]:
    """Values of the rows that are not blank.

    Raises:
        DataRefused: There are cells that Excel could not compute.
    """
    rows, errors = [], Counter[int]()
    for row in _rows(sheet, shown):
        errors.update(place for place, cell in enumerate(row, start=1) if cell.data_type == "e")
        rows.append(tuple(_value(cell.value) for cell in row))
    if errors:
        raise DataRefused(
            f"{shown}: column {place} has {count} cells that Excel could not compute (such as #N/A); mend them or "
            "leave them blank."
            for place, count in sorted(errors.items())
        )
    return rows


def _column(name: object, *values: object) -> DeliveredColumn:
    cells, kind = column_text(values)
    return DeliveredColumn(clean_name(cell_text(name)), cells, kind=kind)


def _table(rows: list[Values], shown: str) -> Table:
    if len(rows) == 1:
        raise refusal(shown, "the file holds a header and no respondent", AGAIN)
    columns = list(zip_longest(*rows))
    while columns and not any(cell_text(value).strip() for value in columns[-1]):
        columns.pop()
    return Table(tuple(_column(*column) for column in columns))


def _read(file: io.FileIO, shown: str) -> Table:
    with zipfile.ZipFile(file) as archive:
        has_formulas = _has_formulas(archive, shown)
    book = _workbook(file)
    place = _chosen(book, shown)
    if has_formulas:
        _refuse_uncomputed(book.worksheets[place], _workbook(file, formulas=True).worksheets[place], shown)
    return _table(_values(book.worksheets[place], shown), shown)


def read_workbook(file: io.FileIO, shown: str, known: Collection[str]) -> Table:
    """Read the one table of a workbook: results of formulas, and text as text whatever it begins with.

    Args:
        file: The open file.
        shown: Its path as a person would type it.
        known: Not needed: a workbook says where its columns are.

    Raises:
        DataRefused: It is damaged or too large, or it is not certain what it says.
    """
    try:
        with warnings.catch_warnings():
            # They show cells.
            warnings.simplefilter("ignore")
            return _read(file, shown)
    except DataRefused:
        raise
    except Exception:
        # A damaged workbook ends openpyxl in more ways than can be listed, and what it says may show a cell.
        raise refusal(shown, "the workbook is damaged or was cut off", AGAIN) from None
