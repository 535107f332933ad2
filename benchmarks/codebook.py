"""What the codebook says of a wave, for the scripts that the road is measured against.

The scripts share the reading of the codebook's rows and nothing else: each brings its own terms (SQL, polars or
pandas), in which a condition on raw columns is written.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Generic, Protocol, TypeVar

Row = dict[str, str]
SINGLE = {"single", "scale", "number"}
T = TypeVar("T")


class Terms(Protocol[T]):
    """How a tool writes conditions on the raw columns of a wave. None is ever unknown: it holds or it does not."""

    def code_in(self, column: str, codes: Sequence[str]) -> T:
        """The column holds one of the codes."""
        ...

    def given(self, column: str) -> T:
        """The column is not blank."""
        ...

    def between(self, column: str, low: str, high: str) -> T:
        """The column holds a number that is not outside; an empty end is open."""
        ...

    def adds_up(self, columns: Sequence[str], total: int, tolerance: int) -> T:
        """One of the columns holds a number, and they add up to the total, or nearly."""
        ...

    def any_of(self, conditions: Iterable[T]) -> T:
        """OR of conditions, false when there is none."""
        ...

    def all_of(self, conditions: Iterable[T]) -> T:
        """AND of conditions, true when there is none."""
        ...

    def negated(self, condition: T) -> T:
        """The condition does not hold."""
        ...


def holds(row: Row, year: str) -> bool:
    """Whether the range of a codebook row covers a year."""
    return (row["year_from"] or year) <= year <= (row["year_to"] or year)


class Codebook:
    """The codebook's files as lists of rows, with the look-ups that the scripts need."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, list[Row]] = {}

    def rows(self, file: str, survey: str = "") -> list[Row]:
        """Rows of a file, of one survey if named."""
        return [row for row in self._files(file) if not survey or row["survey"] == survey]

    def _files(self, file: str) -> list[Row]:
        if file not in self._read:
            with (self._folder / f"{file}.csv").open(encoding="utf-8", newline="") as stream:
                self._read[file] = list(csv.DictReader(stream))
        return self._read[file]

    @cached_property
    def codes(self) -> dict[str, dict[str, list[str]]]:
        """Code list -> answer -> codes."""
        lists: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in self._files("code_lists"):
            lists[row["code_list"]][row["answer"]].append(row["code"])
        return lists

    @cached_property
    def types(self) -> dict[tuple[str, str], str]:
        """(survey, item) -> type."""
        return {(row["survey"], row["item"]): row["type"] for row in self._files("items")}

    def years(self, survey: str) -> list[str]:
        """Years of a survey's waves."""
        return [row["year"] for row in self.rows("waves", survey)]

    @cached_property
    def available(self) -> dict[tuple[str, str], set[str]]:
        """(survey, item) -> years in which it was asked, or derivable."""
        years: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self._files("columns"):
            if not row["ignored_reason"]:
                years[row["survey"], row["item"]] |= {year for year in self.years(row["survey"]) if holds(row, year)}
        asked = dict(years)
        sources: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for row in self._files("derivations"):
            for year in self.years(row["survey"]):
                if holds(row, year):
                    sources[row["survey"], row["item"], year].add(row["source_item"])
        for (survey, item, year), needed in sources.items():
            if all(year in asked.get((survey, source), set()) for source in needed):
                years[survey, item] = years[survey, item] | {year}
        return years

    def routing(self, survey: str, item: str, year: str) -> str:
        """Universe that an item was asked in, "" for everybody."""
        for row in self._files("routing"):
            if (row["survey"], row["item"]) == (survey, item) and holds(row, year):
                return row["universe"]
        return ""

    @cached_property
    def served(self) -> dict[tuple[str, str], set[str]]:
        """(survey, breakdown) -> the items that it serves; one that is not here serves all."""
        rows = [*self._files("breakdowns"), *self._files("crosses")]
        return {(row["survey"], row["breakdown"]): set(row["serves"].split("|")) for row in rows if row["serves"]}


@dataclass
class Wave(Generic[T]):
    """Conditions over the raw columns of one wave."""

    book: Codebook
    terms: Terms[T]
    survey: str
    year: str

    @cached_property
    def columns(self) -> dict[str, list[Row]]:
        """Item -> its delivered columns."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.book.rows("columns", self.survey):
            if holds(row, self.year) and not row["ignored_reason"]:
                found[row["item"]].append(row)
        return found

    @cached_property
    def derivations(self) -> dict[str, dict[str, list[Row]]]:
        """Derived item -> answer -> its clauses."""
        found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.book.rows("derivations", self.survey):
            if holds(row, self.year):
                found[row["item"]][row["answer"]].append(row)
        return found

    def _coded(self, column: Row) -> Iterator[tuple[str, T]]:
        for answer, codes in self.book.codes[column["code_list"]].items():
            given = column["option"] if answer == "selected" else answer
            if given and answer != "not_selected":
                yield given, self.terms.code_in(column["column_name"], codes)

    def answers(self, item: str) -> dict[str, T]:
        """Answer of an item -> condition under which a respondent gave it."""
        conditions: dict[str, list[T]] = defaultdict(list)
        for column in self.columns.get(item, []):
            if column["code_list"]:
                for answer, condition in self._coded(column):
                    conditions[answer].append(condition)
            elif column["option"]:
                conditions[column["option"]].append(self.terms.given(column["column_name"]))
        for answer, clauses in self.derivations.get(item, {}).items():
            conditions[answer].append(self.terms.all_of(self._clause(row, "source_item") for row in clauses))
        return {answer: self.terms.any_of(parts) for answer, parts in conditions.items()}

    def _answered(self, item: str) -> T:
        delivered = [self.terms.given(column["column_name"]) for column in self.columns.get(item, [])]
        return self.terms.any_of([*delivered, *(self.answers(item).values() if item in self.derivations else ())])

    def _clause(self, row: Row, item_column: str) -> T:
        """The item was answered, and any (none) of the answers was given."""
        answers = self.answers(row[item_column])
        given = self.terms.any_of(answers[answer] for answer in row["answers"].split("|") if answer in answers)
        wanted = given if row["operator"] == "any" else self.terms.negated(given)
        return self.terms.all_of([self._answered(row[item_column]), wanted])

    def universe(self, universe: str) -> T:
        """Condition that a respondent belongs to a universe, "" for everybody."""
        rows = [row for row in self.book.rows("universes", self.survey) if universe and row["universe"] == universe]
        return self.terms.all_of(self._clause(row, "item") for row in rows)

    def numbers(self, item: str) -> list[tuple[str, str]]:
        """Numeric columns of an item: answer ("_value" for the item itself) and column."""
        return [
            (column["option"] or "_value", column["column_name"])
            for column in self.columns.get(item, [])
            if not column["code_list"]
        ]

    def has_answer(self, item: str) -> T:
        """Condition that a respondent counts in the item's base."""
        columns = [column for _, column in self.numbers(item)]
        kind = self.book.types[self.survey, item]
        if kind == "allocation":
            return self.terms.adds_up(columns, 100, 1)
        if kind == "number":
            return self.terms.any_of(self.terms.between(column, "", "") for column in columns)
        return self._answered(item)

    def groups(self) -> dict[str, dict[str, T]]:
        """Breakdown -> group -> condition that a respondent belongs to it, crosses included."""
        conditions: dict[str, dict[str, list[T]]] = defaultdict(lambda: defaultdict(list))
        for row in self.book.rows("breakdowns", self.survey):
            if holds(row, self.year):
                conditions[row["breakdown"]][row["group_key"]].append(self._asked_and_in_group(row))
        plain = {
            breakdown: {group: self.terms.any_of(parts) for group, parts in groups.items()}
            for breakdown, groups in conditions.items()
        }
        crossed: dict[str, list[Row]] = defaultdict(list)
        for row in self.book.rows("crosses", self.survey):
            crossed[row["breakdown"]].append(row)
        return plain | {
            breakdown: {
                "__".join(group for group, _ in parts): self.terms.all_of(condition for _, condition in parts)
                for parts in product(
                    *(
                        plain.get(row["source_breakdown"], {}).items()
                        for row in sorted(rows, key=lambda row: int(row["dimension"]))
                    )
                )
            }
            for breakdown, rows in crossed.items()
        }

    def _asked_and_in_group(self, row: Row) -> T:
        item = row["source_item"]
        if not item or item not in {**self.columns, **self.derivations}:
            return self._in_group(row)
        asked = self.universe(self.book.routing(self.survey, item, self.year))
        return self.terms.all_of([asked, self.has_answer(item), self._in_group(row)])

    def _in_group(self, row: Row) -> T:
        item = row["source_item"]
        if not item:
            return self.terms.all_of([])
        if row["answers"]:
            answers = self.answers(item)
            return self.terms.any_of(answers[answer] for answer in row["answers"].split("|") if answer in answers)
        return self.terms.any_of(
            self.terms.between(column, row["min_value"], row["max_value"]) for _, column in self.numbers(item)
        )

    def _offered(self, item: str) -> set[str]:
        return {
            answer
            for column in self.columns.get(item, [])
            for answer in ([column["option"]] if column["option"] else self.book.codes[column["code_list"]])
        }

    def made_of(self, universe: str) -> frozenset[object]:
        """What the form offers of a universe's answers; equal in two waves that mean the same people."""
        found: set[object] = set()
        for row in self.book.rows("universes", self.survey):
            if row["universe"] == universe:
                derived = self.derivations.get(row["item"], {})
                parts = [clause for clauses in derived.values() for clause in clauses]
                looked_at = [(part["source_item"], part["answers"]) for part in parts] or [
                    (row["item"], row["answers"])
                ]
                for item, answers in looked_at:
                    found.add((item, frozenset(set(answers.split("|")) & self._offered(item))))
        return frozenset(found)

    def filters(self, item: str) -> list[tuple[str, str]]:
        """Year and universe of every wave that has the item, in order."""
        years = sorted(self.book.available[self.survey, item])
        return [(year, self.book.routing(self.survey, item, year)) for year in years]

    def asks(self, universe: str) -> bool:
        """Whether the wave has every item that a universe looks at."""
        needed = {row["item"] for row in self.book.rows("universes", self.survey) if row["universe"] == universe}
        return all(self.year in self.book.available[self.survey, source] for source in needed)


@dataclass(frozen=True)
class Cell(Generic[T]):
    """What is counted: an answer of an item on a basis.

    Args:
        item: Item.
        answer: Answer, `_base` or `_value`.
        basis: `as_published` or `like_for_like`.
        inside: Who was asked and answered the item; the same for cells that exclude each other.
        given: Who of them counts in it.
        number: Column of the number that is summed, or "".
    """

    item: str
    answer: str
    basis: str
    inside: T
    given: T
    number: str = ""


@dataclass
class Plan(Generic[T]):
    """What the cube counts of each wave. Waves come in the order of `waves.csv`: a later one leans on earlier ones.

    Args:
        book: The codebook.
        terms: The tool's terms.
    """

    book: Codebook
    terms: Terms[T]
    # Universes, by their number along the waves, that an earlier wave was cut down to.
    _aimed: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def wave(self, row: Row) -> Wave[T]:
        """The wave of a row of `waves.csv`."""
        return Wave(self.book, self.terms, row["survey"], row["year"])

    def cells(self, wave: Wave[T], count: Callable[[T], int]) -> list[list[Cell[T]]]:
        """Cells of a wave; those in one list exclude each other.

        Args:
            wave: The wave.
            count: Says how many respondents of the wave a condition holds for.
        """
        found: list[list[Cell[T]]] = []
        for (survey, item), years in self.book.available.items():
            if survey != wave.survey or wave.year not in years:
                continue
            kind = self.book.types[survey, item]
            for basis, member in self._members(wave, item, count).items():
                inside = self.terms.all_of([member, wave.has_answer(item)])
                answers = wave.answers(item)
                for answer, column in wave.numbers(item):
                    answers.pop(answer, None)
                    found.append([Cell(item, answer, basis, inside, self.terms.between(column, "", ""), column)])
                cells = [Cell(item, answer, basis, inside, given) for answer, given in answers.items()]
                if kind not in SINGLE:
                    cells.append(Cell(item, "_base", basis, inside, self.terms.all_of([])))
                # Answers of a single-choice item exclude each other.
                alone = kind not in SINGLE or item in wave.derivations
                found += [[cell] for cell in cells] if alone else [cells] if cells else []
        return found

    def _members(self, wave: Wave[T], item: str, count: Callable[[T], int]) -> dict[str, T]:
        """Basis -> condition that a respondent is in it.

        Like for like a wave stands on the newest of the later universes that it can be cut down to; on its own where
        that is the newest, or one that an earlier wave was cut down to.
        """
        filters = wave.filters(item)
        own = self.book.routing(wave.survey, item, wave.year)
        bases = {"as_published": wave.universe(own)}
        if len({universe for _, universe in filters}) < 2:
            return bases
        numbers, number = {}, 0
        for place, (year, universe) in enumerate(filters):
            number += place > 0 and universe != filters[place - 1][1]
            numbers[year] = number
        # Each later universe as the wave had it that used it first.
        later: dict[int, tuple[str, str]] = {}
        for year, universe in filters:
            if numbers[year] > numbers[wave.year]:
                later.setdefault(numbers[year], (year, universe))
        aimed = self._aimed.setdefault((wave.survey, item), set())
        for number, (year, universe) in sorted(later.items(), reverse=True):
            if self._can_be_cut(wave, own, year, universe, count):
                aimed.add(number)
                return bases | {"like_for_like": wave.universe(universe)}
        if not later or numbers[wave.year] in aimed:
            bases["like_for_like"] = wave.universe(own)
        return bases

    def _can_be_cut(self, wave: Wave[T], own: str, year: str, universe: str, count: Callable[[T], int]) -> bool:
        if universe == own:
            return True
        first_used = Wave(self.book, self.terms, wave.survey, year)
        if not universe or not wave.asks(universe) or wave.made_of(universe) != first_used.made_of(universe):
            return False
        unreached = self.terms.all_of([wave.universe(universe), self.terms.negated(wave.universe(own))])
        return count(unreached) == 0


def scores(book: Codebook) -> list[dict[str, object]]:
    """What the cells of an item add to each indicator and answer share.

    Returns:
        One row per survey, series and answer: series_type, series, item, answer, factor, `in_base` (its respondents
        belong to the base), score, and `takes_number` (the score is the number that the respondent gave).
    """
    rows: list[dict[str, object]] = []
    kinds = {row["kind"]: row for row in book.rows("kinds")}
    items = {(row["survey"], row["item"]): row for row in book.rows("items")}
    answers: dict[str, list[Row]] = defaultdict(list)
    for row in book.rows("answers"):
        answers[row["answer_set"]].append(row)
    for indicator in book.rows("indicators"):
        kind, item = kinds[indicator["kind"]], items[indicator["survey"], indicator["item"]]
        positive = set(indicator["answers"].split("|")) - {""}
        negative = set(indicator["negative_answers"].split("|")) - {""}
        for answer in [*answers[item["answer_set"]], {"answer": "_base"}, {"answer": "_value"}]:
            word, score = answer["answer"], 0.0
            by_number = kind["scored_by"] == "number"
            takes_number = by_number and item["type"] in ("number", "allocation") and word in (positive or {"_value"})
            in_base = {
                "answered": word == "_base",
                "substantive": answer.get("answer_kind") in ("substantive", "neutral"),
                "position": word in positive | negative,
            }[indicator["denominator"]]
            if by_number:
                score = float(answer.get("numeric_value") or 0) if not takes_number else 0.0
            elif word in positive:
                score = float(kind["positive_score"] or 0)
            elif word in negative:
                score = float(kind["negative_score"] or 0)
            if in_base or score or takes_number:
                rows.append(
                    {
                        "survey": indicator["survey"],
                        "series_type": "indicator",
                        "series": indicator["indicator"],
                        "item": indicator["item"],
                        "answer": word,
                        "factor": float(kind["factor"]),
                        "in_base": in_base,
                        "score": score,
                        "takes_number": takes_number,
                    }
                )
    for (survey, item_name), item in items.items():
        if item["type"] in ("number", "allocation", "open"):
            continue
        for answer in answers[item["answer_set"]]:
            shared = {
                "survey": survey,
                "series_type": "answer",
                "series": f"{item_name}:{answer['answer']}",
                "item": item_name,
                "factor": 100.0,
                "takes_number": False,
            }
            rows.append({**shared, "answer": "_base", "in_base": True, "score": 0.0})
            rows.append({**shared, "answer": answer["answer"], "in_base": False, "score": 1.0})
    return rows
