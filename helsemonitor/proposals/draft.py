"""A codebook on its way to the next wave: rows are opened, closed and added, and what was done is kept."""

from collections.abc import Mapping

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.waves import holds_in
from helsemonitor.proposals.edits import Edit, edited, full_row


class Draft:
    """A codebook that takes edits one by one.

    Args:
        book: The codebook as it stands.
        survey: Survey id.
        year: The delivered wave.
    """

    def __init__(self, book: Codebook, survey: str, year: int) -> None:
        self.book, self.survey, self.year = book, survey, year
        self._kept: list[Edit] = []

    def take(self) -> tuple[Edit, ...]:
        """The edits since the last take."""
        taken, self._kept = tuple(edit for edit in self._kept if edit.before != edit.after), []
        return taken

    def _make(self, edit: Edit) -> None:
        self.book = edited(self.book, [edit])
        for place, kept in enumerate(self._kept):
            # A row that is changed once more is one edit: a person sees it once, and edits it once.
            if edit.before is not None and (kept.table, kept.after) == (edit.table, edit.before):
                self._kept[place] = Edit(edit.table, kept.before, edit.after)
                return
        self._kept.append(edit)

    def add(self, table: str, **cells: str) -> None:
        """Add a row; the survey's id is filled in where the table has it."""
        row = full_row(table, cells)
        if "survey" in row and not row["survey"]:
            row["survey"] = self.survey
        if row not in self.book.rows(table):
            self._make(Edit(table, None, row))

    def change(self, table: str, row: Row, **cells: str) -> None:
        """Write other cells into a row."""
        after = full_row(table, {**row, **cells})
        if after != dict(row):
            self._make(Edit(table, dict(row), after))

    @property
    def _years(self) -> list[int]:
        return [year for year in self.book.years.get(self.survey, []) if year != self.year]

    @property
    def opened(self) -> dict[str, str]:
        """The range of a row that begins with the wave: open, or until the next wave has rows of its own."""
        before = any(year < self.year for year in self._years)
        after = any(year > self.year for year in self._years)
        return {"year_from": str(self.year) if before else "", "year_to": str(self.year) if after else ""}

    def close(self, table: str, row: Row) -> None:
        """Let a row hold in the waves before and after, and not in this one."""
        holding = [year for year in self._years if holds_in(row, year)]
        before = [year for year in holding if year < self.year]
        after = [year for year in holding if year > self.year]
        parts = []
        if before:
            parts.append({**row, "year_to": str(max(before))})
        if after:
            parts.append({**row, "year_from": str(min(after))})
        self._make(Edit(table, dict(row), parts[0] if parts else None))
        for part in parts[1:]:
            self._make(Edit(table, None, part))

    def holding(self, table: str, **cells: str) -> list[Row]:
        """Rows of the survey that hold in the wave and have these cells."""
        return [
            row
            for row in self.book.rows(table)
            if row["survey"] == self.survey
            and holds_in(row, self.year)
            and all(row[name] == cell for name, cell in cells.items())
        ]


def new_name(wanted: str, taken: Mapping[str, object] | set[str]) -> str:
    """A name that nothing has yet: the wanted one, or with a number after it."""
    number, name = 2, wanted
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
