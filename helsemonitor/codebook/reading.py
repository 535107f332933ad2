"""One file of the codebook as rows of text in one form, whatever program saved it.

What a spreadsheet does to a file and is certain is undone: semicolons, Windows-1252, a decimal comma, Norwegian dates,
TRUE for true, blanks around a cell. What is not certain is refused with file, line, column, cell and what to write.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from helsemonitor.codebook.schema import Field, Table, tables
from helsemonitor.delimited import read_delimited
from helsemonitor.errors import DataRefused
from helsemonitor.settings import PROJECT_DIR, Settings

INTEGER = re.compile(r"(-?\d+)(?:[.,]0+)?")
GROUPED = re.compile(r"-?\d{1,3}(?:[ \u00a0\u202f]\d{3})+")
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00(?::00)?)?")
NORWEGIAN_DATE = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})")
BOOLEANS = {"true": "true", "sann": "true", "1": "true", "false": "false", "usann": "false", "0": "false"}
FORMS = {
    "integer": "a whole number",
    "number": "a number with a decimal point",
    "date": "a date as year-month-day",
    "boolean": "true or false",
}
# Ends that a text may have in a spreadsheet without anybody seeing them.
UNSEEN = " \t\r\n\u00a0\u200b\ufeff\u2028"
SHOWN_CHARACTERS = 60


class Row(dict[str, str]):
    """A row of the codebook: column to cell, `""` where it is blank.

    Args:
        cells: Column to cell.
        place: File and line, as words of a sentence.
    """

    def __init__(self, cells: dict[str, str], place: str) -> None:
        super().__init__(cells)
        self.place = place

    def parts(self, column: str) -> list[str]:
        """The values of a cell that lists several."""
        return self[column].split("|") if self[column] else []


@dataclass(frozen=True)
class Rows:
    """A file of the codebook.

    Args:
        table: Its schema.
        shown: Its path as a person would type it.
        rows: Its rows.
    """

    table: Table
    shown: str
    rows: tuple[Row, ...]


def shown_cell(cell: str) -> str:
    """A cell as it stands in a sentence: short, on one line, in quotes."""
    line = " ".join(cell.split())
    return f"'{line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + ' ...'}'"


def suggestion(word: str, words: Sequence[str]) -> str:
    """Which of the known words was meant, as the end of a sentence."""
    near = get_close_matches(word, words, n=1, cutoff=0.7)
    return f" (perhaps {near[0]})" if near else ""


def _integer(cell: str) -> str | None:
    if GROUPED.fullmatch(cell):
        return re.sub(r"\s", "", cell)
    found = INTEGER.fullmatch(cell)
    return str(int(found[1])) if found else None


def _number(cell: str) -> str | None:
    return cell.replace(",", ".") if NUMBER.fullmatch(cell) else None


def _date(cell: str) -> str | None:
    iso, norwegian = ISO_DATE.fullmatch(cell), NORWEGIAN_DATE.fullmatch(cell)
    if not iso and not norwegian:
        return None
    parts = iso.groups() if iso else norwegian.groups()[::-1] if norwegian else ()
    try:
        return date(*(int(part) for part in parts)).isoformat()
    except ValueError:
        return None


def _boolean(cell: str) -> str | None:
    return BOOLEANS.get(cell.lower())


READ: dict[str, Callable[[str], str | None]] = {
    "integer": _integer,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
}


def _cell(field: Field, raw: str) -> str | None:
    """A cell in the one form of its type; None where it is not of the type."""
    cell = unicodedata.normalize("NFC", raw).strip(UNSEEN)
    if field.separator:
        return field.separator.join(part.strip(UNSEEN) for part in cell.split(field.separator))
    return READ[field.type](cell) if cell and field.type in READ else cell


def _lists(field: Field, cell: str) -> str:
    """What is wrong with a cell that lists values; empty where nothing is."""
    values = cell.split(field.separator) if field.separator and cell else []
    if "" in values:
        return "has a blank between two bars; take the bar out"
    twice = next((value for value in values if values.count(value) > 1), "")
    return f"names {twice} twice; name it once" if twice else ""


def _header_faults(table: Table, header: Sequence[str], shown: str) -> Iterator[str]:
    for name in header:
        if name not in table.names:
            yield (
                f"{shown}: column {shown_cell(name)} is not known{suggestion(name, table.names)}; the columns are "
                f"{', '.join(table.names)}."
            )
    missing = [field.name for field in table.fields if not field.optional and field.name not in header]
    if missing:
        yield f"{shown} has no column {', '.join(missing)}; restore its header row."


def _parse(table: Table, path: Path, shown: str) -> Rows:
    read = read_delimited(path, shown, known=table.names)
    faults = list(_header_faults(table, read.header, shown))
    if faults:
        raise DataRefused(faults)
    position = {name: place for place, name in enumerate(read.header)}
    rows = []
    for cells, line in zip(read.rows, read.lines, strict=True):
        if not any(cell.strip(UNSEEN) for cell in cells):
            continue
        row = Row({}, f"{shown} line {line}")
        for field in table.fields:
            raw = cells[position[field.name]] if field.name in position else ""
            cell = _cell(field, raw)
            if cell is None:
                faults.append(
                    f"{row.place}: column {field.name} is {shown_cell(raw)}; write "
                    f"{FORMS[field.type]}{'' if field.constraints.get('required') else ', or nothing'}."
                )
            elif fault := _lists(field, cell):
                faults.append(f"{row.place}: column {field.name} {fault}.")
            row[field.name] = cell or ""
        rows.append(row)
    if faults:
        raise DataRefused(faults)
    return Rows(table, shown, tuple(rows))


def read_table(settings: Settings, name: str) -> Rows:
    """Read one file of the codebook or of the published results.

    Args:
        settings: Folders of the project.
        name: Name of the table in the schema.

    Returns:
        Its rows in one form. A file that is not there has none, or is the project's own where its presence is `house`.

    Raises:
        DataRefused: A required file is missing, cannot be read with certainty, or a header or cell is not of its type.
    """
    table = tables()[name]
    path = settings.seeds_dir / table.folder / f"{name}.csv"
    if not path.exists() and table.presence == "house":
        path = PROJECT_DIR / "seeds" / table.folder / f"{name}.csv"
    shown = settings.shown(path)
    if not path.exists():
        if table.presence == "optional":
            return Rows(table, shown, ())
        raise DataRefused(
            [f"The codebook file {shown} is not there; restore it or point HELSEMONITOR_SEEDS elsewhere."]
        )
    return _parse(table, path, shown)
