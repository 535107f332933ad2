"""Who was asked, by the universes of the codebook, in a wave whose columns are known: in Python, on one file."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from helsemonitor.codebook.book import NO_ANSWERS, SELECTED, Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.landing.profiles import Profile

Gave = Mapping[str, np.ndarray]


def has_cell(column: Profile, cells: Collection[str]) -> np.ndarray:
    """Who has one of some cells in a column."""
    different, place = column.numbered
    return np.array([cell in cells for cell in different], dtype=bool)[place]


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
        self._columns: dict[str, list[tuple[Row, Profile]]] = {}
        for row, column in columns:
            self._columns.setdefault(row["item"], []).append((row, column))
        self.respondents = columns[0][1].respondents if columns else 0
        self._gave: dict[str, Gave | None] = {}

    @property
    def everybody(self) -> np.ndarray:
        """All respondents."""
        return np.ones(self.respondents, dtype=bool)

    def _codes(self, row: Row) -> dict[str, str]:
        return {code["code"]: code["answer"] for code in self._book.code_lists.get(row["code_list"], [])}

    def _gave_in(self, row: Row, column: Profile) -> dict[str, np.ndarray]:
        codes = self._codes(row)
        told = {"": ~has_cell(column, {"", *(code for code in codes if codes[code] in NO_ANSWERS)})}
        if row["option"]:
            return told | {row["option"]: has_cell(column, [code for code in codes if codes[code] == SELECTED[0]])}
        answers = dict.fromkeys(answer for answer in codes.values() if answer not in NO_ANSWERS)
        return told | {
            answer: has_cell(column, [code for code in codes if codes[code] == answer]) for answer in answers
        }

    def _nobody(self) -> np.ndarray:
        return np.zeros(self.respondents, dtype=bool)

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
        found: dict[str, np.ndarray] = {"": self._nobody()}
        for row, column in self._columns[item]:
            for answer, people in self._gave_in(row, column).items():
                found[answer] = found.get(answer, self._nobody()) | people
        found[""] = found[""] | self._left_empty(item)
        return found

    def _left_empty(self, item: str) -> np.ndarray:
        """Who was shown a set of boxes of which an empty one means "not chosen", and left one empty."""
        empty = [has_cell(column, [""]) for row, column in self._columns[item] if row["blank_means"]]
        if not empty:
            return self._nobody()
        return (
            np.logical_or.reduce(empty) & self.asked_of(item) & ~np.logical_or.reduce(list(self.marked(item).values()))
        )

    def marked(self, item: str) -> Gave:
        """Code of the codebook that says why there is no answer -> whose cells have it, for an item that was asked."""
        found = {mark: self._nobody() for mark in NO_ANSWERS}
        for row, column in self._columns.get(item, []):
            codes = self._codes(row)
            for mark in NO_ANSWERS:
                found[mark] = found[mark] | has_cell(column, [code for code in codes if codes[code] == mark])
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

    def _asked_of(self, item: str) -> np.ndarray | None:
        row = self._book.routed_by(self._survey, self._year, item)
        clauses = self._book.universes.get((self._survey, row["universe"]), []) if row else []
        return self._all_hold(clauses, "item")

    def can_tell(self, item: str) -> bool:
        """Whether the wave holds what the codebook needs to know who is asked an item."""
        return self._asked_of(item) is not None

    def asked_of(self, item: str) -> np.ndarray:
        """Who is asked an item by the codebook; everybody where it routes nobody past, or the wave cannot tell whom."""
        people = self._asked_of(item)
        return self.everybody if people is None else people
