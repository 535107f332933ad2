"""Ways in which one row or cell of a survey's files gets broken, as people and programs do it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook.schema import Field, tables
from tests.integration.made_survey import Table, write_table

# Cells of words that must match something: what is misspelt there cannot mean something else.
WORDS = {
    name: [
        field.name
        for field in table.fields
        if "enum" in field.constraints
        or field.name in table.key
        or any(field.name in reference.fields for reference in table.references)
    ]
    for name, table in tables().items()
}


@dataclass
class Files:
    """Files of a survey in memory, to be broken and written.

    Args:
        seeds: Their folder.
        codebook: Codebook file -> its rows.
        raw: Raw file -> its rows.
    """

    seeds: Path
    codebook: dict[str, Table]
    raw: dict[str, Table]

    def path(self, name: str) -> Path:
        """Path of a file of either folder."""
        return self.seeds / ("raw" if name in self.raw else "codebook") / f"{name}.csv"

    def rows(self, name: str) -> Table:
        """Rows of a file of either folder."""
        return self.raw[name] if name in self.raw else self.codebook[name]

    def write(self, name: str) -> None:
        """Write one file."""
        write_table(self.path(name), self.rows(name))


Break = Callable[[Files, str, random.Random], bool]
BREAKAGES: dict[str, Break] = {}


def breakage(function: Break) -> Break:
    """Register a way to break a file; it says whether the file could be broken so."""
    BREAKAGES[function.__name__] = function
    return function


def _field(name: str, column: str) -> Field | None:
    return next((field for field in tables()[name].fields if field.name == column), None) if name in tables() else None


def _change(files: Files, name: str, dice: random.Random, columns: list[str], new: Callable[[str], str]) -> bool:
    """Change one filled cell of the named columns."""
    places = [(row, column) for row in files.rows(name) for column in columns if row.get(column)]
    if not places:
        return False
    row, column = dice.choice(places)
    row[column] = new(row[column])
    files.write(name)
    return True


def _misspelt(word: str, dice: random.Random) -> str:
    place = dice.randrange(len(word))
    return dice.choice(
        [word[:place] + word[place + 1 :] + "q", word[:place] + "zz" + word[place:], word + "_x", word[::-1] + "1"]
    )


@breakage
def misspelt_word(files: Files, name: str, dice: random.Random) -> bool:
    """An id, a reference or a word of a list is misspelt."""
    columns = WORDS.get(name, [])
    numeric = {field.name for field in tables()[name].fields if field.type != "string"} if name in tables() else set()
    return _change(
        files, name, dice, [column for column in columns if column not in numeric], lambda word: _misspelt(word, dice)
    )


@breakage
def other_case(files: Files, name: str, dice: random.Random) -> bool:
    """A word is written in capitals."""
    columns = [column for column in WORDS.get(name, []) if column != "sha256"]
    return _change(files, name, dice, columns, str.swapcase)


@breakage
def blank_cell(files: Files, name: str, dice: random.Random) -> bool:
    """A cell that must be filled is blank."""
    if name not in tables():
        return False
    required = [field.name for field in tables()[name].fields if field.constraints.get("required")]
    return _change(files, name, dice, required, lambda _: "")


@breakage
def no_number(files: Files, name: str, dice: random.Random) -> bool:
    """A number or date is something else."""
    if name not in tables():
        return False
    typed = [field.name for field in tables()[name].fields if field.type in ("integer", "number", "date", "boolean")]
    return _change(
        files, name, dice, typed, lambda _: dice.choice(["many", "1O", "12,3,4", "2031-13-40", "∞", "nan", "#REF!"])
    )


@breakage
def blanks_around(files: Files, name: str, dice: random.Random) -> bool:
    """A cell has blanks around it."""
    return _change(files, name, dice, list(files.rows(name)[0]), lambda word: f" {word}\u00a0")


@breakage
def row_twice(files: Files, name: str, dice: random.Random) -> bool:
    """A row stands there twice."""
    files.rows(name).append(dict(dice.choice(files.rows(name))))
    files.write(name)
    return True


@breakage
def row_gone(files: Files, name: str, dice: random.Random) -> bool:
    """A row is gone."""
    rows = files.rows(name)
    if len(rows) < 2:
        return False
    rows.remove(dice.choice(rows))
    files.write(name)
    return True


@breakage
def cells_shifted(files: Files, name: str, dice: random.Random) -> bool:
    """A cell was deleted and the rest of the row moved to the left."""
    row = dice.choice(files.rows(name))
    cells = list(row.values())
    place = dice.randrange(len(cells) - 1)
    moved = [*cells[:place], *cells[place + 1 :], ""]
    if moved == cells:
        return False
    row.update(zip(row, moved, strict=True))
    files.write(name)
    return True


@breakage
def range_turned(files: Files, name: str, dice: random.Random) -> bool:
    """A range ends before it begins."""
    rows = [row for row in files.rows(name) if "year_to" in row]
    if not rows:
        return False
    dice.choice(rows).update(year_from="2032", year_to="2031") if "year_from" in rows[0] else dice.choice(rows).update(
        year_to="2030"
    )
    files.write(name)
    return True


@breakage
def range_elsewhere(files: Files, name: str, dice: random.Random) -> bool:
    """A range lies beside all waves."""
    rows = [row for row in files.rows(name) if "year_from" in row]
    if not rows:
        return False
    dice.choice(rows).update(year_from="2039", year_to="")
    files.write(name)
    return True


@breakage
def bounds_turned(files: Files, name: str, dice: random.Random) -> bool:
    """The bounds of a group are turned round, or leave a gap."""
    rows = [row for row in files.rows(name) if row.get("min_value") or row.get("max_value")]
    if not rows:
        return False
    dice.choice(rows).update(
        dice.choice([{"min_value": "90", "max_value": "10"}, {"min_value": "55", "max_value": "60"}])
    )
    files.write(name)
    return True


@breakage
def column_gone(files: Files, name: str, dice: random.Random) -> bool:
    """A column is gone."""
    rows = files.rows(name)
    column = dice.choice(list(rows[0]))
    for row in rows:
        del row[column]
    files.write(name)
    return True


@breakage
def column_renamed(files: Files, name: str, dice: random.Random) -> bool:
    """A column has another name."""
    rows = files.rows(name)
    column = dice.choice(list(rows[0]))
    renamed = [{_misspelt_name(key) if key == column else key: value for key, value in row.items()} for row in rows]
    rows[:] = renamed
    files.write(name)
    return True


def _misspelt_name(name: str) -> str:
    return f"{name[:-1]}{name[-1]}{name[-1]}"


@breakage
def column_added(files: Files, name: str, dice: random.Random) -> bool:
    """A column that nobody knows is there."""
    for row in files.rows(name):
        row["kommentar"] = "x"
    files.write(name)
    return dice is not None


def _rewrite(files: Files, name: str, change: Callable[[bytes], bytes]) -> bool:
    path = files.path(name)
    before = path.read_bytes()
    after = change(before)
    path.write_bytes(after)
    return before != after


@breakage
def file_gone(files: Files, name: str, dice: random.Random) -> bool:
    """The file is not there."""
    files.path(name).unlink()
    return dice is not None


@breakage
def file_misnamed(files: Files, name: str, dice: random.Random) -> bool:
    """The file has another name."""
    files.path(name).rename(files.path(name).with_name(f"{name}2.csv"))
    return dice is not None


@breakage
def file_empty(files: Files, name: str, dice: random.Random) -> bool:
    """The file is empty."""
    return _rewrite(files, name, lambda _: b"") and dice is not None


@breakage
def file_cut(files: Files, name: str, dice: random.Random) -> bool:
    """The file was cut somewhere inside a row."""
    return _rewrite(files, name, lambda content: content[: content.rstrip().rfind(b",")] if b"," in content else b"")


@breakage
def file_of_excel(files: Files, name: str, dice: random.Random) -> bool:
    """The file was saved with semicolons in Windows-1252."""
    return _rewrite(files, name, lambda content: _semicolons(files.rows(name)).encode("cp1252"))


def _semicolons(rows: Table) -> str:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if set(cell) & set(';"\n') else cell

    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\r\n".join(";".join(quoted(cell) for cell in line) for line in lines) + "\r\n"


@breakage
def file_in_utf16(files: Files, name: str, dice: random.Random) -> bool:
    """The file was saved as UTF-16."""
    return _rewrite(files, name, lambda content: content.decode().encode("utf-16"))


@breakage
def file_in_mac_roman(files: Files, name: str, dice: random.Random) -> bool:
    """The file was saved in the encoding of an old Macintosh."""
    return _rewrite(files, name, lambda content: content.decode().encode("mac-roman"))


@breakage
def quote_open(files: Files, name: str, dice: random.Random) -> bool:
    """A quotation mark is not closed."""

    def opened(content: bytes) -> bytes:
        place = dice.choice([at for at, byte in enumerate(content) if byte == ord(",")])
        return content[: place + 1] + b'"' + content[place + 1 :]

    return _rewrite(files, name, opened)


@breakage
def separator_too_many(files: Files, name: str, dice: random.Random) -> bool:
    """A comma too many stands in one row."""

    def added(content: bytes) -> bytes:
        lines = content.split(b"\n")
        place = dice.randrange(1, len(lines) - 1)
        lines[place] += b",x"
        return b"\n".join(lines)

    return _rewrite(files, name, added)


@breakage
def unknown_code(files: Files, name: str, dice: random.Random) -> bool:
    """A cell of a raw file holds a code that no list has."""
    if name not in files.raw:
        return False
    return _change(
        files, name, dice, ["q1", "q3", "q4", "q5a", "q6"], lambda _: dice.choice(["77", "x@y.no", "0x1F", "ja"])
    )


@breakage
def other_answer(files: Files, name: str, dice: random.Random) -> bool:
    """A cell of a raw file holds another answer than the one that was declared by a checksum."""
    if name not in files.raw or not any(wave["sha256"] for wave in files.codebook["waves"]):
        return False
    return _change(files, name, dice, ["q3"], lambda code: "1" if code == "2" else "2")


@breakage
def respondent_twice(files: Files, name: str, dice: random.Random) -> bool:
    """Two respondents have one id."""
    if name not in files.raw:
        return False
    first, second = dice.sample(files.rows(name), 2)
    first["nr"] = second["nr"]
    files.write(name)
    return True


@breakage
def spoilt_weight(files: Files, name: str, dice: random.Random) -> bool:
    """A weight is blank, text, negative, zero, or has another mark for decimals than the others."""
    if name not in files.raw or "vekt" not in files.rows(name)[0]:
        return False
    return _change(files, name, dice, ["vekt"], lambda _: dice.choice(["", "mye", "-1.0", "0", "0,9412", "1.000,5"]))


@breakage
def decimal_commas(files: Files, name: str, dice: random.Random) -> bool:
    """Every weight has a decimal comma."""
    if name not in files.raw or "vekt" not in files.rows(name)[0]:
        return False
    for row in files.rows(name):
        row["vekt"] = row["vekt"].replace(".", ",")
    files.write(name)
    return dice is not None


@breakage
def whole_codes_as_decimals(files: Files, name: str, dice: random.Random) -> bool:
    """Codes were saved as 1.0 and 2.0."""
    if name not in files.raw:
        return False
    column = dice.choice(["q3", "q5a", "q6"])
    for row in files.rows(name):
        row[column] += ".0" if row[column] else ""
    files.write(name)
    return True


@breakage
def ticks_only(files: Files, name: str, dice: random.Random) -> bool:
    """Boxes that were not ticked are empty."""
    if name not in files.raw:
        return False
    for row in files.rows(name):
        for column in ("q5a", "q5b"):
            row[column] = row[column].replace("0", "")
    files.write(name)
    return dice is not None


@breakage
def age_code(files: Files, name: str, dice: random.Random) -> bool:
    """An age is a code, or no number."""
    if name not in files.raw:
        return False
    return _change(files, name, dice, ["q2"], lambda _: dice.choice(["999", "-1", "ukjent", "2031"]))
