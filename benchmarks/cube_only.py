"""Builds the cube and nothing else: what somebody would write by hand who needs only this one table once.

    python benchmarks/cube_only.py --seeds seeds --out cube.duckdb

One scan per wave over the file as delivered. Filters, derived items and groups become expressions over raw columns, so
there is no long table of answers to join, no staging, no check and no test. The result has the columns of `int_cells`
and must be equal to it: a second, independent way to the same sums, and the yardstick of `run.py`.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

import duckdb

Row = dict[str, str]
SUMS = ("n", "sum_w", "sum_w2", "sum_wx", "sum_wx2", "sum_w2x", "sum_w2x2")
SINGLE = {"single", "scale", "number"}


def text(value: str) -> str:
    """Quote a value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Quote an identifier."""
    return '"' + value.replace('"', '""') + '"'


def any_of(conditions: Iterable[str]) -> str:
    """OR of conditions, false when there is none."""
    return "(" + (" or ".join(conditions) or "false") + ")"


def all_of(conditions: Iterable[str]) -> str:
    """AND of conditions, true when there is none."""
    return "(" + (" and ".join(conditions) or "true") + ")"


def holds(row: Row, year: str) -> bool:
    """Whether the range of a codebook row covers a year."""
    return (row["year_from"] or year) <= year <= (row["year_to"] or year)


class Codebook:
    """The codebook's files as lists of rows, with the look-ups that the queries need."""

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


@dataclass
class Wave:
    """Expressions over the raw columns of one wave."""

    book: Codebook
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
            if not holds(row, self.year):
                continue
            found[row["item"]][row["answer"]].append(row)
        return found

    def coded(self, column: Row) -> Iterator[tuple[str, str]]:
        """Answers that a coded column can give, each with its condition."""
        for answer, codes in self.book.codes[column["code_list"]].items():
            given = column["option"] if answer == "selected" else answer
            if given and answer != "not_selected":
                yield given, f"{name(column['column_name'])} in ({', '.join(map(text, codes))})"

    def answers(self, item: str) -> dict[str, str]:
        """Answer of an item -> condition under which a respondent gave it."""
        conditions: dict[str, list[str]] = defaultdict(list)
        for column in self.columns.get(item, []):
            if column["code_list"]:
                for answer, condition in self.coded(column):
                    conditions[answer].append(condition)
            elif column["option"]:
                conditions[column["option"]].append(f"{name(column['column_name'])} is not null")
        for answer, clauses in self.derivations.get(item, {}).items():
            conditions[answer].append(all_of(self.clause(row, "source_item") for row in clauses))
        return {answer: any_of(parts) for answer, parts in conditions.items()}

    def answered(self, item: str) -> str:
        """Condition that a respondent answered an item at all."""
        delivered = [f"{name(column['column_name'])} is not null" for column in self.columns.get(item, [])]
        return any_of(
            delivered + [all_of([c]) for c in (self.answers(item).values() if item in self.derivations else ())]
        )

    def clause(self, row: Row, item_column: str) -> str:
        """Condition of one clause: the item was answered, and any (none) of the answers was given."""
        item = row[item_column]
        answers = self.answers(item)
        given = any_of(answers[answer] for answer in row["answers"].split("|") if answer in answers)
        return all_of([self.answered(item), f"coalesce({given}, false) = {str(row['operator'] == 'any').lower()}"])

    def universe(self, universe: str) -> str:
        """Condition that a respondent belongs to a universe."""
        if not universe:
            return "true"
        rows = [row for row in self.book.rows("universes", self.survey) if row["universe"] == universe]
        return f"coalesce({all_of(self.clause(row, 'item') for row in rows)}, false)"

    def numbers(self, item: str) -> list[tuple[str, str]]:
        """Numeric columns of an item: answer ("_value" for the item itself) and expression."""
        return [
            (column["option"] or "_value", f"try_cast({name(column['column_name'])} as decimal(18, 9))")
            for column in self.columns.get(item, [])
            if not column["code_list"]
        ]

    def has_answer(self, item: str) -> str:
        """Condition that a respondent counts in the item's base."""
        values = [expression for _, expression in self.numbers(item)]
        kind = self.book.types[self.survey, item]
        if kind == "allocation":
            filled = any_of(f"{value} is not null" for value in values)
            total = " + ".join(f"coalesce({value}, 0)" for value in values)
            return f"({filled} and abs({total} - 100) <= 1)"
        if kind == "number":
            return any_of(f"{value} is not null" for value in values)
        return self.answered(item)

    def groups(self) -> dict[str, dict[str, str]]:
        """Breakdown -> group -> condition that a respondent belongs to it, crosses aside."""
        conditions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in self.book.rows("breakdowns", self.survey):
            if (row["year_from"] or self.year) <= self.year <= (row["year_to"] or self.year):
                conditions[row["breakdown"]][row["group_key"]].append(self._asked_and_in_group(row))
        return {
            breakdown: {group: any_of(parts) for group, parts in groups.items()}
            for breakdown, groups in conditions.items()
        }

    def crosses(self) -> dict[str, list[str]]:
        """Crossed breakdown -> the breakdowns that it crosses, in order."""
        rows: dict[str, list[Row]] = defaultdict(list)
        for row in self.book.rows("crosses", self.survey):
            rows[row["breakdown"]].append(row)
        return {
            breakdown: [row["source_breakdown"] for row in sorted(parts, key=lambda row: int(row["dimension"]))]
            for breakdown, parts in rows.items()
        }

    def _asked_and_in_group(self, row: Row) -> str:
        item = row["source_item"]
        if not item or item not in {**self.columns, **self.derivations}:
            return self._in_group(row)
        asked = self.universe(self.book.routing(self.survey, item, self.year))
        return all_of([f"coalesce({all_of([asked, self.has_answer(item)])}, false)", self._in_group(row)])

    def _in_group(self, row: Row) -> str:
        item = row["source_item"]
        if not item:
            return "true"
        if row["answers"]:
            answers = self.answers(item)
            return any_of(answers[answer] for answer in row["answers"].split("|") if answer in answers)
        return any_of(
            all_of(
                [f"{value} is not null"]
                + ([f"{value} >= {row['min_value']}"] if row["min_value"] else [])
                + ([f"{value} <= {row['max_value']}"] if row["max_value"] else [])
            )
            for _, value in self.numbers(item)
        )

    def offered(self, item: str) -> set[str]:
        """Answers that the form offers of a delivered item."""
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
                    found.add((item, frozenset(set(answers.split("|")) & self.offered(item))))
        return frozenset(found)

    def filters(self, item: str) -> list[tuple[str, str]]:
        """Year and universe of every wave that has the item, in order."""
        years = sorted(self.book.available[self.survey, item])
        return [(year, self.book.routing(self.survey, item, year)) for year in years]

    def asks(self, universe: str) -> bool:
        """Whether the wave has every item that a universe looks at."""
        needed = {row["item"] for row in self.book.rows("universes", self.survey) if row["universe"] == universe}
        return all(self.year in self.book.available[self.survey, source] for source in needed)


class Cube:
    """Numbers cells and groups, runs one query per wave and gives the sums their names back."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, book: Codebook, raw: Path) -> None:
        self._connection, self._book, self._raw = connection, book, raw
        self._cells: list[tuple[str, str, str, str, str]] = []
        self._groups: dict[tuple[str, str], int] = {}
        # Universes, by their number along the waves, that an earlier wave was cut down to.
        self._aimed: dict[tuple[str, str], set[int]] = {}
        connection.execute(
            "create temp table sums (cell_no integer, group_no integer, n bigint, sum_w decimal(38, 9), "
            "sum_w2 decimal(38, 18), sum_wx decimal(38, 9), sum_wx2 decimal(38, 18), sum_w2x decimal(38, 18), "
            "sum_w2x2 decimal(38, 18))"
        )

    def _cell(self, wave: Wave, item: str, answer: str, basis: str) -> int:
        self._cells.append((wave.survey, wave.year, item, answer, basis))
        return len(self._cells) - 1

    def add(self, row: Row) -> None:
        """Add one wave.

        Args:
            row: Its row of `waves.csv`.
        """
        wave = Wave(self._book, row["survey"], row["year"])
        path = self._raw / f"{row['survey']}_{row['year']}.csv"
        read = (
            f"read_csv({text(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"', nullstr = '')"
        )
        self._connection.execute(f"create or replace temp table raw as select * from {read}")
        counted, valued = self._columns(wave)
        keys = self._keys(wave)
        weight = f"cast({name(row['weight_column']) if row['weight_column'] else '1'} as decimal(18, 9)) as w"
        wide = ", ".join([weight, *(f"{key} as g{number}" for number, key in enumerate(keys)), *counted, *valued])
        self._connection.execute(f"create or replace temp table wide as select {wide} from raw")
        self._scan([f"g{number}" for number in range(len(keys))], bool(valued))

    def _group(self, breakdown: str, group: str) -> int:
        return self._groups.setdefault((breakdown, group), len(self._groups))

    def _keys(self, wave: Wave) -> list[str]:
        """Per breakdown an expression for the number of a respondent's group."""
        groups = wave.groups()
        keys = [
            [f"when {condition} then {self._group(breakdown, group)}" for group, condition in conditions.items()]
            for breakdown, conditions in groups.items()
        ]
        for breakdown, parts in wave.crosses().items():
            crossed = product(*(groups.get(part, {}).items() for part in parts))
            keys.append(
                [
                    f"when {all_of(condition for _, condition in cell)} then "
                    f"{self._group(breakdown, '__'.join(group for group, _ in cell))}"
                    for cell in crossed
                ]
            )
        return [f"case {' '.join(cases)} end" for cases in keys if cases]

    def _columns(self, wave: Wave) -> tuple[list[str], list[str]]:
        """Columns `c<n>` with the number of the cell a respondent falls in, and `v<cell>` with the value given."""
        counted: list[str] = []
        valued: list[str] = []
        for (survey, item), years in self._book.available.items():
            if survey != wave.survey or wave.year not in years:
                continue
            kind = self._book.types[survey, item]
            for basis, member in self._members(wave, item).items():
                inside = f"coalesce({all_of([member, wave.has_answer(item)])}, false)"
                answers = dict(wave.answers(item))
                for answer, value in wave.numbers(item):
                    answers.pop(answer, None)
                    valued.append(f"case when {inside} then {value} end as v{self._cell(wave, item, answer, basis)}")
                cells = [
                    f"when {given} then {self._cell(wave, item, answer, basis)}" for answer, given in answers.items()
                ]
                if kind not in SINGLE:
                    cells.append(f"when true then {self._cell(wave, item, '_base', basis)}")
                # Answers of a single-choice item exclude each other and share a column.
                together = [cells] if kind in SINGLE and item not in wave.derivations else [[cell] for cell in cells]
                counted += [f"case when {inside} then case {' '.join(cases)} end end" for cases in together if cases]
        return [f"{expression} as c{number}" for number, expression in enumerate(counted)], valued

    def _members(self, wave: Wave, item: str) -> dict[str, str]:
        """Basis -> condition that a respondent is in it.

        Like for like a wave stands on the newest of the later universes that it can be cut down to; on its own where
        that is the newest, or one that an earlier wave was cut down to.
        """
        filters = wave.filters(item)
        own = self._book.routing(wave.survey, item, wave.year)
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
            if self._can_be_cut(wave, own, year, universe):
                aimed.add(number)
                return bases | {"like_for_like": wave.universe(universe)}
        if not later or numbers[wave.year] in aimed:
            bases["like_for_like"] = wave.universe(own)
        return bases

    def _can_be_cut(self, wave: Wave, own: str, year: str, universe: str) -> bool:
        if universe == own:
            return True
        first_used = Wave(self._book, wave.survey, year)
        if not universe or not wave.asks(universe) or wave.made_of(universe) != first_used.made_of(universe):
            return False
        unreached = f"{wave.universe(universe)} and not {wave.universe(own)}"
        return self._connection.execute(f"select count(*) from raw where {unreached}").fetchone() == (0,)

    def _scan(self, keys: Sequence[str], has_values: bool) -> None:
        values = "union all by name select *, cast(substr(column_name, 2) as integer) as cell_no from "
        values += (
            "(unpivot (select w, columns('^[gv]\\d+$') from wide) on columns('^v\\d+$') into name column_name value x)"
        )
        self._connection.execute(
            f"""
            insert into sums
            with long as (
                select * from (
                    unpivot (select w, columns('^[gc]\\d+$') from wide)
                    on columns('^c\\d+$') into name column_name value cell_no
                )
                {values if has_values else ""}
            ),
            weighted as (
                select *, {"cast(w * x as decimal(18, 9))" if has_values else "cast(null as decimal(18, 9))"} as wx,
                    {"x" if has_values else "cast(null as decimal(18, 9))"} as value,
                from long
            )
            select
                cell_no, coalesce({", ".join(keys)}) as group_no,
                count(*), sum(w), sum(w * w), sum(wx), sum(wx * value), sum(w * wx), sum(wx * wx)
            from weighted
            group by grouping sets ({", ".join(f"(cell_no, {key})" for key in keys)})
            having group_no is not null
            """
        )

    def finish(self) -> None:
        """Make the table `cells`."""
        names = ", ".join(
            f"({number}, {text(survey)}, {year}, {text(item)}, {text(answer)}, {text(basis)}, "
            f"{self._book.types[survey, item] in SINGLE})"
            for number, (survey, year, item, answer, basis) in enumerate(self._cells)
        )
        groups = ", ".join(
            f"({number}, {text(breakdown)}, {text(group)})" for (breakdown, group), number in self._groups.items()
        )
        sums = ", ".join(f"sum({column}) as {column}" for column in SUMS)
        self._connection.execute(
            f"""
            create table cells as
            with
            cell_names (cell_no, survey, year, item, answer, basis, is_single) as (values {names}),
            group_names (group_no, breakdown, group_key) as (values {groups}),
            named as (
                select * exclude (cell_no, group_no)
                from sums inner join cell_names using (cell_no) inner join group_names using (group_no)
            )
            select * exclude (is_single) from named
            union all by name
            select survey, year, item, '_base' as answer, breakdown, group_key, basis, {sums}
            from named where is_single group by all
            """
        )
        for row in [*self._book.rows("breakdowns"), *self._book.rows("crosses")]:
            if row["serves"]:
                served = ", ".join(map(text, row["serves"].split("|")))
                self._connection.execute(
                    f"delete from cells where survey = {text(row['survey'])} and breakdown = {text(row['breakdown'])} "
                    f"and item not in ({served})"
                )


def build(seeds: Path, out: Path) -> None:
    """Build the cube.

    Args:
        seeds: Folder with `codebook/` and `raw/`.
        out: DuckDB file to write; it must not exist.
    """
    book = Codebook(seeds / "codebook")
    with duckdb.connect(str(out)) as connection:
        cube = Cube(connection, book, seeds / "raw")
        for row in book.rows("waves"):
            cube.add(row)
        cube.finish()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the cube and nothing else.")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    build(options.seeds, options.out)
