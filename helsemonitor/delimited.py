"""Delimited text as people save it: comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252.

What is certain is read. What could be read in two ways, or is no text at all, is refused in a sentence. No sentence
shows a cell of a row, since the rows of raw files are respondents.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from helsemonitor.errors import DataRefused, refusal

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Files that start with these bytes are no text, whatever their name says.
OTHER_FILES = {
    b"PK\x03\x04": "an .xlsx or .zip file",
    b"\xd0\xcf\x11\xe0": "an .xls file of an old Excel",
    b"\x1f\x8b": "a gzip file",
    b"$FL2": "an SPSS file (.sav)",
    b"$FL3": "an SPSS file (.zsav)",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
    b"SQLite format 3": "an SQLite database",
}
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# What Western European text holds beside ASCII. Text of another 8-bit encoding, read as Windows-1252, falls outside:
# the Norwegian letters of Mac OS Roman come out as ¾ ¿ Œ, those of DOS as ‘ › †.
WESTERN = frozenset(
    [chr(code) for code in range(0xC0, 0x100) if chr(code) not in "×÷"] + list("\xa0§°½«»–—’“”„…€•·´±²³µ£‘")
)
OPENING_INSIDE_A_WORD = re.compile(r"\w‘\w")
# UTF-8 that was read as Windows-1252 and saved as UTF-8 again, letter by letter: æ ø å Æ Ø Å é ö ä – ’.
SAVED_TWICE = re.compile("Ã[\xa6\xb8\xa5\u2020\u02dc\u2026\xa9\xb6\xa4]|â€[“”™œ\x9d]")
# UTF-8 in the middle of Windows-1252: two letters in a row that no Norwegian word has, or a dash of three bytes.
MIXED = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80")
LINE_END = re.compile("[\\r\\n]")
EXCEL_SEPARATOR = re.compile(r"^\ufeff?sep=([^\"\r\n])\r?\n")


@dataclass(frozen=True)
class Delimited:
    """A file of delimited text.

    Args:
        header: Names of the columns, in Unicode's composed form, without blanks around them.
        rows: Cells of each row as text, as many as the header has.
        lines: Line of the file on which each row begins, counted from 1.
        encoding: Encoding it was read in, as Python names it.
        separator: The character between cells.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    encoding: str
    separator: str


def other_file(content: bytes) -> str:
    """What a file is that is no text, told by its first bytes; nothing where they are not known."""
    return next((what for start, what in OTHER_FILES.items() if content.startswith(start)), "")


def is_spoilt(text: str) -> bool:
    """Whether letters of a text were lost, or saved as UTF-8 after they had been read as Windows-1252."""
    return "\ufffd" in text or SAVED_TWICE.search(text) is not None


def decode(content: bytes, shown: str) -> tuple[str, str]:
    """Read bytes as text where their encoding is certain.

    Args:
        content: The file's bytes.
        shown: Its path as a person would type it.

    Returns:
        The text and the encoding.

    Raises:
        DataRefused: The file is empty, no text, or text in an encoding that cannot be told.
    """
    if not content.strip(b"\x00\r\n\t "):
        raise refusal(shown, "the file is empty", "restore it, with its header row")
    if what := other_file(content):
        raise refusal(shown, f"the file is {what} and not text", "save it as CSV in UTF-8 (comma separated)")
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return _decoded(content, encoding, shown), encoding
    head = content[:400]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 3 and zeros.count(0) > 0.7 * len(zeros):
            return _decoded(content, encoding, shown), encoding
    if b"\x00" in content:
        raise refusal(shown, f"{content.count(0)} NUL bytes stand in the text", "save it again as CSV in UTF-8")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _western(content, shown), "cp1252"
    if is_spoilt(text):
        raise refusal(
            shown,
            "letters such as æ, ø and å were spoilt when it was saved (UTF-8 read as another encoding)",
            "save the original as CSV in UTF-8",
        )
    return text, "utf-8"


def _decoded(content: bytes, encoding: str, shown: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise refusal(
            shown, f"the file begins as {encoding} and goes on as something else", "save it as CSV in UTF-8"
        ) from None


def _western(content: bytes, shown: str) -> str:
    unsure = refusal(
        shown, "the file is not UTF-8, and what its letters beyond a-z mean is not certain", "save it as CSV in UTF-8"
    )
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise unsure from None
    if any(character > "\x7f" and character not in WESTERN for character in text):
        raise unsure
    if OPENING_INSIDE_A_WORD.search(text) or MIXED.search(content):
        raise unsure
    return text


def _cells(line: str, separator: str) -> list[str]:
    return [clean_name(cell) for cell in next(csv.reader([line], delimiter=separator), [])]


def clean_name(name: str) -> str:
    """A column's name in Unicode's composed form, without blanks around it."""
    return unicodedata.normalize("NFC", name).strip()


def name_findings(names: Sequence[str], shown: str, *, shows_names: bool = True) -> list[str]:
    """Say which columns cannot be told apart.

    Args:
        names: Names of the columns, each as `clean_name` gives it.
        shown: The file as a person would type it.
        shows_names: Whether sentences may show the names; their places stand there otherwise.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names, start=1):
        places.setdefault(name, []).append(place)
    sentences = []
    for name in sorted(name for name in places if name and len(places[name]) > 1):
        count, first = len(places[name]), ", ".join(map(str, places[name][:3]))
        same = f"column {name} stands" if shows_names else f"one name (columns {first}{' ...' * (count > 3)}) stands"
        sentences.append(f"{shown}: {same} {count} times in the header; keep one.")
    if "" in places:
        sentences.append(f"{shown}: column {places[''][0]} of the header has no name; name it, or take the column out.")
    return sentences


def find_separator(header: str, known: Collection[str] = ()) -> str:
    """Tell the character that stands between cells.

    Args:
        header: First line of the file.
        known: Names of columns that are expected.

    Returns:
        The separator under which most known names stand in the header; where none does, the one that makes most cells.
    """
    expected = {clean_name(name) for name in known}

    def merit(separator: str) -> tuple[int, int]:
        cells = _cells(header, separator)
        return len(expected & set(cells)), len(cells)

    return max(SEPARATORS, key=merit)


def read_delimited(path: Path, shown: str = "", known: Collection[str] = ()) -> Delimited:
    """Read a file of delimited text.

    Args:
        path: The file.
        shown: The path as a person would type it; the path itself by default.
        known: Names of columns that are expected; they tell the separator.

    Returns:
        Header and rows. Rows without any character are left out; columns at the end that have neither name nor value,
        too.

    Raises:
        DataRefused: The file cannot be read with certainty, or its rows do not fit its header. The sentence names the
            line and shows no cell.
    """
    shown = shown or str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise refusal(shown, f"the file cannot be read ({error.strerror})", "restore it or its rights") from None
    return parse_delimited(content, shown, known)


def parse_delimited(content: bytes, shown: str, known: Collection[str] = (), *, shows_names: bool = True) -> Delimited:
    """Read delimited text that is in memory already, as `read_delimited` does.

    Args:
        content: The file's bytes.
        shown: Its path as a person would type it.
        known: Names of columns that are expected; they tell the separator.
        shows_names: Whether sentences may show names of the header. Where a file may have lost its header, its first
            row is a respondent.

    Raises:
        DataRefused: It cannot be read with certainty, or its rows do not fit its header.
    """
    text, encoding = decode(content, shown)
    declared = EXCEL_SEPARATOR.match(text)
    skipped = declared.end() if declared else 0
    text = text.removeprefix("\ufeff")[skipped:] if not declared else text[skipped:]
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    # A carriage return alone ends a line too, as it did on the first Macintosh.
    first = LINE_END.split(text.lstrip("\r\n"), maxsplit=1)[0]
    separator = declared[1] if declared else find_separator(first, known)
    header, rows, lines = _parse(text, separator, shown, 1 if declared else 0)
    header, rows = _without_empty_columns(header, rows)
    _refuse_misfits(header, rows, lines, separator, shown, known, shows_names)
    return Delimited(header=header, rows=rows, lines=lines, encoding=encoding, separator=separator)


def _parse(text: str, separator: str, shown: str, skipped: int) -> tuple[list[str], list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[list[str]] = []
    ends = [0]
    try:
        for record in reader:
            records.append(record)
            ends.append(reader.line_num)
    except csv.Error:
        raise refusal(
            shown,
            f"the quotation marks of the row that begins on line {ends[-1] + 1 + skipped} do not pair",
            "close them, and write a mark inside quoted text twice",
        ) from None
    kept = [
        (record, before + 1 + skipped) for record, (before, _) in zip(records, pairwise(ends), strict=True) if record
    ]
    if not kept:
        raise refusal(shown, "the file is empty", "restore it, with its header row")
    header = [clean_name(name) for name in kept[0][0]]
    return header, [record for record, _ in kept[1:]], [line for _, line in kept[1:]]


def _without_empty_columns(header: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Drop what a spreadsheet adds at the right: columns without a name, and values, in every row."""
    width = len(header)
    while width > 1 and not header[width - 1] and not any(cell.strip() for row in rows for cell in row[width - 1 :]):
        width -= 1
    if width == len(header):
        return header, rows
    return header[:width], [row[:width] for row in rows]


def _refuse_misfits(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    lines: Sequence[int],
    separator: str,
    shown: str,
    known: Collection[str],
    shows_names: bool,
) -> None:
    sentences = []
    between = f"a {SEPARATORS.get(separator, separator)}"
    if known and not {clean_name(name) for name in known} & set(header):
        sentences.append(
            f"{shown}: the header holds none of the columns that are expected ({', '.join(list(known)[:3])} ...), "
            f"read with {between} between cells; write the header row as the first line, names separated by commas."
        )
    sentences += name_findings(header, shown, shows_names=shows_names)
    ragged = [line for row, line in zip(rows, lines, strict=True) if len(row) != len(header)]
    if ragged:
        sentences.append(
            f"{shown} line {ragged[0]}: {len(ragged)} of {len(rows)} rows do not have {len(header)} values as the "
            f"header has ({between} between them); put text that holds the separator in quotes, and restore what was "
            "cut."
        )
    if sentences:
        raise DataRefused(sentences)


class _Lines(list[str]):
    """Takes what the csv module writes, a call for each row."""

    write = list.append


def rendered(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    r"""Cells as delimited text in one form: UTF-8, commas, "\n" after each row, quotes where they are needed.

    Args:
        header: Names of the columns.
        rows: Cells of each row.
    """
    # Some versions of Python quote a carriage return only where it is part of the line's end.
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines).encode()
