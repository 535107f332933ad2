"""Who was asked, by the universes of the codebook, in a wave whose columns are known: in Python, on one file."""

from collections.abc import Mapping, Sequence

import numpy as np

from helsemonitor.codebook.book import SELECTED, Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.landing.profiles import Profile

Gave = Mapping[str, np.ndarray]


class Told:
    """What the respondents of a wave told, item by item.

    Args:
        book: The codebook.
        survey: Survey id.
        year: The wave whose rows of the codebook hold.
        columns: Row of columns.csv and the column with its cells, of every column that holds an item.
    """

    def __init__(self, book: Codebook, survey: str, year: int, columns: Sequence[tuple[Row, Profile]]) -> None:
        self._book, self._survey, self._year = book, survey, year
        self._columns: dict[str, list[tuple[Row, np.ndarray]]] = {}
        for row, column in columns:
            cells = np.asarray(column.cells, dtype=object).astype(str)
            self._columns.setdefault(row["item"], []).append((row, cells))
        self.respondents = columns[0][1].respondents if columns else 0
        self._gave: dict[str, Gave | None] = {}

    def _gave_in(self, row: Row, cells: np.ndarray) -> dict[str, np.ndarray]:
        codes = {code["code"]: code["answer"] for code in self._book.code_lists.get(row["code_list"], [])}
        if row["option"]:
            ticked = [code for code, answer in codes.items() if answer == SELECTED[0]]
            return {row["option"]: np.isin(cells, ticked)}
        return {answer: np.isin(cells, [code for code in codes if codes[code] == answer]) for answer in codes.values()}

    def gave(self, item: str) -> Gave | None:
        """Answer -> who gave it, and `""` -> who answered at all; None where the wave cannot tell.

        Args:
            item: An item of the survey, asked or derived.
        """
        if item not in self._gave:
            self._gave[item] = None
            self._gave[item] = self._asked(item) if item in self._columns else self._derived(item)
        return self._gave[item]

    def _asked(self, item: str) -> Gave:
        found: dict[str, np.ndarray] = {"": np.zeros(self.respondents, dtype=bool)}
        for row, cells in self._columns[item]:
            found |= self._gave_in(row, cells)
            found[""] = found[""] | (cells != "")
        return found

    def _derived(self, item: str) -> Gave | None:
        clauses: dict[str, list[Row]] = {}
        for row in self._book.derived.get((self._survey, self._year), {}).get(item, []):
            clauses.setdefault(row["answer"], []).append(row)
        held = {answer: self._all_hold(rows, "source_item") for answer, rows in clauses.items()}
        told = {answer: people for answer, people in held.items() if people is not None}
        return {**told, "": np.logical_or.reduce(list(told.values()))} if told else None

    def _all_hold(self, clauses: Sequence[Row], item_column: str) -> np.ndarray | None:
        people = np.ones(self.respondents, dtype=bool)
        for clause in clauses:
            gave = self.gave(clause[item_column])
            if gave is None:
                return None
            wanted = [gave[answer] for answer in clause.parts("answers") if answer in gave]
            any_of = np.logical_or.reduce(wanted) if wanted else np.zeros(self.respondents, dtype=bool)
            people &= gave[""] & (any_of if clause["operator"] == "any" else ~any_of)
        return people

    def asked_of(self, item: str) -> np.ndarray:
        """Who is asked an item by the codebook; everybody where it routes nobody past, or the wave cannot tell whom."""
        row = self._book.routed_by(self._survey, self._year, item)
        clauses = self._book.universes.get((self._survey, row["universe"]), []) if row else []
        people = self._all_hold(clauses, "item")
        return np.ones(self.respondents, dtype=bool) if people is None else people
