"""The whole codebook, and what its rows say together of one wave."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise

from helsemonitor.codebook.reading import Row, Rows
from helsemonitor.codebook.waves import holds_in
from helsemonitor.delimited import clean_name

SELECTED = ("selected", "not_selected")
# Codes that are no answers: asked and not answered, and routed past the question.
NO_ANSWERS = ("_no_answer", "_not_asked")


class Codebook:
    """Every file of the codebook, read, and questions that several files answer together.

    Args:
        reads: Name of the table to its rows.
    """

    def __init__(self, reads: Mapping[str, Rows]) -> None:
        self.reads = reads
        self._offers: dict[tuple[str, int, str], dict[str, str]] = {}

    def rows(self, table: str) -> tuple[Row, ...]:
        """Rows of a table."""
        return self.reads[table].rows

    def shown(self, table: str) -> str:
        """Path of a table's file as a person would type it."""
        return self.reads[table].shown

    @cached_property
    def years(self) -> dict[str, list[int]]:
        """Survey -> its waves in order."""
        found: dict[str, list[int]] = {}
        for row in self.rows("waves"):
            found.setdefault(row["survey"], []).append(int(row["year"]))
        return {survey: sorted(years) for survey, years in found.items()}

    @cached_property
    def waves(self) -> list[tuple[str, int]]:
        """Survey and year of every wave, in order."""
        return [(survey, year) for survey in sorted(self.years) for year in self.years[survey]]

    def years_of(self, row: Row) -> list[int]:
        """Waves of the row's survey in which it holds."""
        return [year for year in self.years.get(row["survey"], []) if holds_in(row, year)]

    @cached_property
    def items(self) -> dict[tuple[str, str], Row]:
        """Survey and item -> its row."""
        return {(row["survey"], row["item"]): row for row in self.rows("items")}

    @cached_property
    def item_types(self) -> dict[str, Row]:
        """Type of item -> its row."""
        return {row["type"]: row for row in self.rows("item_types")}

    def type_of(self, survey: str, item: str) -> Row:
        """What the answers of an item are."""
        return self.item_types[self.items[survey, item]["type"]]

    def has_numbers(self, survey: str, item: str) -> bool:
        """Whether the values of an item are numbers."""
        return self.type_of(survey, item)["has_numbers"] == "true"

    @cached_property
    def answer_sets(self) -> dict[str, dict[str, Row]]:
        """Answer set -> canonical answer -> its row."""
        found: dict[str, dict[str, Row]] = {}
        for row in self.rows("answers"):
            found.setdefault(row["answer_set"], {})[row["answer"]] = row
        return found

    def answers_of(self, survey: str, item: str) -> dict[str, Row]:
        """Canonical answers of an item."""
        return self.answer_sets.get(self.items[survey, item]["answer_set"], {})

    @cached_property
    def code_lists(self) -> dict[str, list[Row]]:
        """Code list -> its codes."""
        found: dict[str, list[Row]] = {}
        for row in self.rows("code_lists"):
            found.setdefault(row["code_list"], []).append(row)
        return found

    @cached_property
    def mapped(self) -> dict[tuple[str, int], list[Row]]:
        """Survey and year -> the rows of columns.csv that map a column of that wave to an item."""
        found: dict[tuple[str, int], list[Row]] = {wave: [] for wave in self.waves}
        for row in self.rows("columns"):
            if row["item"] and not row["ignored_reason"]:
                for year in self.years_of(row):
                    found[row["survey"], year].append(row)
        return found

    def columns_of(self, survey: str, year: int) -> dict[str, Row]:
        """Column that a wave maps to an item, by its clean name -> its row of columns.csv."""
        return {clean_name(row["column_name"]): row for row in self.mapped[survey, year]}

    def ignored_in(self, survey: str, year: int) -> tuple[str, ...]:
        """Names and patterns of the columns of a wave that are not used."""
        return tuple(
            row["column_name"]
            for row in self.rows("columns")
            if row["survey"] == survey and row["ignored_reason"] and holds_in(row, year)
        )

    @cached_property
    def asked(self) -> dict[tuple[str, int], set[str]]:
        """Survey and year -> items that the wave asked."""
        return {wave: {row["item"] for row in rows} for wave, rows in self.mapped.items()}

    @cached_property
    def derived(self) -> dict[tuple[str, int], dict[str, list[Row]]]:
        """Survey and year -> item that can be derived, all its sources being asked -> its clauses."""
        found: dict[tuple[str, int], dict[str, list[Row]]] = {wave: {} for wave in self.waves}
        for row in self.rows("derivations"):
            for year in self.years_of(row):
                found[row["survey"], year].setdefault(row["item"], []).append(row)
        return {
            wave: {
                item: clauses
                for item, clauses in items.items()
                if {clause["source_item"] for clause in clauses} <= self.asked[wave]
            }
            for wave, items in found.items()
        }

    def has(self, survey: str, year: int, item: str) -> bool:
        """Whether a wave has an item, asked or derived."""
        return item in self.asked[survey, year] or item in self.derived[survey, year]

    def offered(self, survey: str, year: int, item: str) -> dict[str, str]:
        """Answers that a wave's form offers of an item, or that are derived in it, with their delivered labels."""
        place = (survey, year, item)
        if place not in self._offers:
            self._offers[place] = dict(self._offer(survey, year, item))
        return self._offers[place]

    def _offer(self, survey: str, year: int, item: str) -> Iterator[tuple[str, str]]:
        for row in self.mapped[survey, year]:
            if row["item"] == item and row["option"]:
                yield row["option"], ""
            elif row["item"] == item:
                for code in self.code_lists.get(row["code_list"], []):
                    if code["answer"] not in NO_ANSWERS:
                        yield code["answer"], code["label"]
        for clause in self.derived[survey, year].get(item, []):
            yield clause["answer"], ""

    @cached_property
    def universes(self) -> dict[tuple[str, str], list[Row]]:
        """Survey and universe -> its clauses."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows("universes"):
            found.setdefault((row["survey"], row["universe"]), []).append(row)
        return found

    def routed_by(self, survey: str, year: int, item: str) -> Row | None:
        """The row of routing.csv that sends an item to a universe in a wave; None where everybody is asked."""
        rows = self._routing.get((survey, item), [])
        return next((row for row in rows if holds_in(row, year)), None)

    @cached_property
    def _routing(self) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows("routing"):
            found.setdefault((row["survey"], row["item"]), []).append(row)
        return found

    def people_of(self, survey: str, year: int, universe: str) -> frozenset[tuple[object, ...]]:
        """Who a universe is, as clauses over delivered items: two waves with equal clauses ask the same people."""
        clauses: list[tuple[object, ...]] = []
        for clause in self.universes.get((survey, universe), []):
            derivation = [
                (row["answer"], row["clause"], row["source_item"], row["operator"], frozenset(row.parts("answers")))
                for row in self.derived[survey, year].get(clause["item"], [])
            ]
            clauses.append(
                (clause["item"], clause["operator"], frozenset(clause.parts("answers")), frozenset(derivation))
            )
        return frozenset(clauses)

    @cached_property
    def changes(self) -> dict[tuple[str, str], list[Row]]:
        """Survey and item -> registered changes of the item; `*` is no item here."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows("changes"):
            for item in row.parts("items"):
                found.setdefault((row["survey"], item), []).append(row)
        return found

    def changed(self, survey: str, item: str, after: int, until: int) -> list[Row]:
        """Registered changes of an item after one wave and until another; events of the context change no item."""
        return [
            row
            for row in self.changes.get((survey, item), [])
            if after < int(row["year"]) <= until and row["change_type"] != "context_event"
        ]

    def steps(self, survey: str, item: str) -> Iterator[tuple[int, int]]:
        """Neighbouring waves that have an item, asked or derived."""
        yield from pairwise(year for year in self.years.get(survey, []) if self.has(survey, year, item))

    def asked_steps(self) -> Iterator[tuple[str, str, int, int]]:
        """Survey, item and two neighbouring waves that asked it, for every item."""
        for survey, item in self.items:
            asked = [year for year in self.years.get(survey, []) if item in self.asked[survey, year]]
            for before, year in pairwise(asked):
                yield survey, item, before, year
