"""Edits of the codebook's rows: made to a codebook in memory, and to its files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row, Rows, read_table
from helsemonitor.codebook.schema import tables
from helsemonitor.delimited import read_delimited, rendered
from helsemonitor.errors import DataRefused
from helsemonitor.landing.keeping import write_in_one_step
from helsemonitor.settings import Settings

Cells = Mapping[str, str]


@dataclass(frozen=True)
class Edit:
    """One row that is added, changed or taken out.

    Args:
        table: Table of the codebook.
        before: Cells of the row as it stands, every column of the schema; None where it is new.
        after: Cells that it gets; None where it is taken out.
    """

    table: str
    before: Cells | None
    after: Cells | None


def full_row(table: str, cells: Cells) -> dict[str, str]:
    """Cells with every column of the schema, blank where nothing is said.

    Raises:
        KeyError: A cell belongs to no column.
    """
    names = tables()[table].names
    if unknown := sorted(set(cells) - set(names)):
        raise KeyError(f"{table}.csv has no column {', '.join(unknown)}")
    return {name: cells.get(name, "") for name in names}


def _place_for(rows: Sequence[Row], key: Sequence[str], cells: Cells) -> int:
    """Where a new row stands: after the last row that shares most of the beginning of its key."""
    best, place = 0, len(rows)
    for number in range(len(rows) - 1, -1, -1):
        shared = 0
        while shared < len(key) and rows[number][key[shared]] == cells[key[shared]]:
            shared += 1
        if shared > best:
            best, place = shared, number + 1
        if best >= len(key) - 1:
            break
    return place


def _edited(read: Rows, edits: Iterable[Edit]) -> Rows:
    rows = list(read.rows)
    for edit in edits:
        after = None if edit.after is None else Row(dict(edit.after), f"{read.shown}, proposed row")
        if after is not None and after in rows:
            # Done already, as when a run ended between two files.
            if edit.before is not None and edit.before in rows:
                rows.remove(edit.before)  # type: ignore[arg-type]
            continue
        if edit.before is None:
            if after is not None:
                rows.insert(_place_for(rows, read.table.key, after), after)
            continue
        if edit.before not in rows:
            if after is None:
                continue
            key = ", ".join(f"{name} {edit.before[name]}" for name in read.table.key if edit.before[name])
            raise DataRefused(
                [
                    f"{read.shown}: the row of {key} is not any more what it was when its change was proposed; edit it "
                    "by hand and reject the proposal, or land the file again."
                ]
            )
        place = rows.index(edit.before)  # type: ignore[arg-type]
        rows[place : place + 1] = [after] if after is not None else []
    return Rows(read.table, read.shown, tuple(rows))


def edited(book: Codebook, edits: Sequence[Edit]) -> Codebook:
    """A codebook with edits made to it.

    Raises:
        DataRefused: A row that an edit changes is not there.
    """
    touched = {edit.table for edit in edits}
    reads = {
        name: _edited(read, [edit for edit in edits if edit.table == name]) if name in touched else read
        for name, read in book.reads.items()
    }
    return Codebook(reads)


def _read(settings: Settings, name: str) -> tuple[Rows, Path]:
    """A table and its file; where it is not there yet, without rows, or with the project's own."""
    table = tables()[name]
    path = settings.seeds_dir / table.folder / f"{name}.csv"
    is_there = path.exists() or table.presence == "house"
    read = read_table(settings, name) if is_there else Rows(table, settings.shown(path), ())
    return read, path


def _text(read: Rows, path: Path) -> bytes:
    """A table as a file: the columns that it has, and those that are needed now."""
    had = read_delimited(path, read.shown, known=read.table.names).header if path.exists() else []
    names = [
        field.name
        for field in read.table.fields
        if not field.optional or field.name in had or any(row[field.name] for row in read.rows)
    ]
    return rendered(names, ([row[name] for name in names] for row in read.rows))


def make(settings: Settings, edits: Sequence[Edit]) -> None:
    """Make edits to the files of the codebook; made again, they change nothing.

    Args:
        settings: Folders of the project.
        edits: The edits.

    Raises:
        DataRefused: A file cannot be read, or a row that an edit changes is not there any more; nothing is written.
    """
    files = []
    for name in sorted({edit.table for edit in edits}):
        read, path = _read(settings, name)
        files.append((_edited(read, [edit for edit in edits if edit.table == name]), path))
    for content, path in [(_text(read, path), path) for read, path in files]:
        write_in_one_step(content, path)
