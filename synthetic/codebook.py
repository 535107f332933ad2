"""The codebook as the generator needs it: what a wave asks, of whom, and how its columns are coded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from helsemonitor.codebook import holds_in
from helsemonitor.delimited import read_delimited
from synthetic.events import EVERYBODY, Atom, Event, both, scaled, single, total

TABLES = (
    "surveys",
    "waves",
    "items",
    "answers",
    "code_lists",
    "columns",
    "derivations",
    "universes",
    "routing",
    "indicators",
    "breakdowns",
    "crosses",
    "population",
)
ALLOCATED = "_allocated"


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV of the repository as text, by the project's reader; empty cells are empty strings."""
    read = read_delimited(path)
    return pd.DataFrame(read.rows, columns=read.header)


def parts(cell: str) -> tuple[str, ...]:
    """Entries of a `|` separated cell."""
    return tuple(part for part in cell.split("|") if part)


@dataclass(frozen=True)
class Column:
    """A delivered column: which answer of which item it holds, and the code of each answer."""

    name: str
    item: str
    option: str
    codes: dict[str, str]
    ignored: bool


@dataclass(frozen=True)
class Item:
    """An asked item of one wave, with the answers that the wave's columns can hold."""

    item: str
    type: str
    answers: tuple[str, ...]
    kinds: dict[str, str]
    is_coded_column: bool


class Codebook:
    """All codebook tables of a seeds folder."""

    def __init__(self, folder: Path) -> None:
        """Read the tables.

        Args:
            folder: Folder with the codebook's CSV files.
        """
        self.tables = {name: read_table(folder / f"{name}.csv") for name in TABLES}

    def rows(self, table: str, survey: str) -> pd.DataFrame:
        """Rows of a table that belong to a survey."""
        frame = self.tables[table]
        return frame[frame["survey"] == survey]

    @property
    def waves(self) -> list[tuple[str, int]]:
        """All declared waves as (survey, year)."""
        frame = self.tables["waves"]
        return [(row.survey, int(row.year)) for row in frame.itertuples()]


class Wave:
    """One wave of one survey, seen through the codebook."""

    def __init__(self, codebook: Codebook, survey: str, year: int) -> None:
        """Pick a wave.

        Args:
            codebook: All tables.
            survey: Survey id.
            year: Year of the wave.
        """
        self.codebook = codebook
        self.survey = survey
        self.year = year
        frame = codebook.rows("waves", survey)
        self.row = frame[frame["year"] == str(year)].iloc[0]
        self.size = int(self.row["respondents"])

    @property
    def name(self) -> str:
        """Name of the wave and of its file."""
        return f"{self.survey}_{self.year}"

    def in_range(self, table: str) -> pd.DataFrame:
        """Rows of a table of the survey whose range of years holds the wave."""
        frame = self.codebook.rows(table, self.survey)
        return frame[[holds_in(row, self.year) for row in frame.to_dict("records")]]

    @cached_property
    def columns(self) -> list[Column]:
        """Delivered columns in order."""
        frame = self.in_range("columns")
        lists = self.codebook.tables["code_lists"]
        by_list = {
            name: dict(zip(rows["answer"], rows["code"], strict=True)) for name, rows in lists.groupby("code_list")
        }
        return [
            Column(row.column_name, row.item, row.option, by_list.get(row.code_list, {}), bool(row.ignored_reason))
            for row in frame.itertuples()
        ]

    @cached_property
    def answer_rows(self) -> dict[str, pd.DataFrame]:
        """Answer rows by answer set, in sort order."""
        frame = self.codebook.tables["answers"]
        frame = frame.assign(position=pd.to_numeric(frame["sort_order"])).sort_values("position", kind="stable")
        return dict(list(frame.groupby("answer_set")))

    @cached_property
    def item_rows(self) -> pd.DataFrame:
        """Item rows of the survey, by item id."""
        return self.codebook.rows("items", self.survey).set_index("item")

    @cached_property
    def items(self) -> dict[str, Item]:
        """Items delivered in the wave, in the order of their first column."""
        found: dict[str, list[Column]] = {}
        for column in self.columns:
            if not column.ignored and column.item:
                found.setdefault(column.item, []).append(column)
        return {item: self._item(item, columns) for item, columns in found.items()}

    def _item(self, item: str, columns: list[Column]) -> Item:
        row = self.item_rows.loc[item]
        rows = self.answer_rows.get(row["answer_set"], pd.DataFrame(columns=["answer", "answer_kind"]))
        delivered = {column.option for column in columns if column.option}
        for column in columns:
            delivered |= set(column.codes) - {"selected", "not_selected"}
        answers = tuple(answer for answer in rows["answer"] if answer in delivered)
        kinds = dict(zip(rows["answer"], rows["answer_kind"], strict=True))
        return Item(item, row["type"], answers, kinds, all(not column.option for column in columns))

    @cached_property
    def derivations(self) -> dict[str, dict[str, Event]]:
        """Derived items whose sources the wave asks: event of each answer."""
        frame = self.in_range("derivations")
        result: dict[str, dict[str, Event]] = {}
        for item, rows in frame.groupby("item", sort=False):
            if set(rows["source_item"]) <= set(self.items):
                result[str(item)] = {
                    str(answer): both(
                        *(self.clause(c.source_item, c.operator, parts(c.answers)) for c in clauses.itertuples())
                    )
                    for answer, clauses in rows.groupby("answer", sort=False)
                }
        return result

    @cached_property
    def universes(self) -> dict[str, Event]:
        """Universes whose items the wave asks or derives."""
        frame = self.codebook.rows("universes", self.survey)
        return {
            str(name): both(*(self.clause(c.item, c.operator, parts(c.answers)) for c in clauses.itertuples()))
            for name, clauses in frame.groupby("universe", sort=False)
            if all(self.has(item) for item in clauses["item"])
        }

    def universe(self, item: str) -> Event:
        """Who is asked an item in this wave: everybody where the codebook routes nobody past it."""
        rows = self.in_range("routing")
        named = rows[rows["item"] == item]["universe"]
        return self.universes[named.iloc[0]] if len(named) else EVERYBODY

    def has(self, item: str) -> bool:
        """Is the item asked or derivable in this wave?"""
        return item in self.items or item in self.derivations

    def clause(self, item: str, operator: str, answers: tuple[str, ...]) -> Event:
        """Respondents who answered an item and gave any (none) of some answers."""
        if item in self.items:
            return single(Atom(item, "any" if operator == "any" else "none", frozenset(answers)))
        derived = self.derivations[item]
        wanted = total(*(event for answer, event in derived.items() if answer in answers))
        return wanted if operator == "any" else total(self.answered(item), scaled(wanted, -1.0))

    def answered(self, item: str) -> Event:
        """Respondents who answered an item (an allocation: one that adds up; a breakdown: the item it groups)."""
        if item in self.derivations and item not in self.items:
            return total(*self.derivations[item].values())
        if item in self.items:
            return single(Atom(item, "answered"))
        frame = self.codebook.rows("breakdowns", self.survey)
        return self.answered(str(frame[frame["breakdown"] == item].iloc[0]["source_item"]))

    def given(self, item: str, answers: tuple[str, ...]) -> Event:
        """Respondents who gave any of some answers; a breakdown's groups count as answers of an item of its name."""
        if self.has(item):
            return self.clause(item, "any", answers)
        events = [self.groups[(item, answer)] for answer in answers if (item, answer) in self.groups]
        if not events:
            raise LookupError(f"{self.name}: {item} is neither asked, derived nor a breakdown")
        return total(*events)

    @cached_property
    def groups(self) -> dict[tuple[str, str], Event]:
        """Event of each group of each breakdown that the wave can form, crosses included."""
        frame = self.in_range("breakdowns")
        result: dict[tuple[str, str], Event] = {}
        for _, row in frame.iterrows():
            event = self._group(row)
            if event is not None:
                key = (row["breakdown"], row["group_key"])
                result[key] = total(result[key], event) if key in result else event
        crosses = self.codebook.rows("crosses", self.survey)
        for breakdown, rows in crosses.groupby("breakdown", sort=False):
            ordered = rows.assign(position=pd.to_numeric(rows["dimension"])).sort_values("position")
            self._cross(str(breakdown), list(ordered["source_breakdown"]), result)
        return result

    def _group(self, row: pd.Series) -> Event | None:
        """Event of one row of breakdowns.csv; None if the wave lacks the item."""
        source = row["source_item"]
        if not source:
            return EVERYBODY
        if not self.has(source):
            return None
        if row["answers"]:
            return self.clause(source, "any", parts(row["answers"]))
        low = float(row["min_value"]) if row["min_value"] else float("-inf")
        high = float(row["max_value"]) if row["max_value"] else float("inf")
        return single(Atom(source, "range", low=low, high=high))

    @staticmethod
    def _cross(breakdown: str, sources: list[str], result: dict[tuple[str, str], Event]) -> None:
        keys: list[tuple[tuple[str, ...], Event]] = [((), EVERYBODY)]
        for source in sources:
            groups = [(key, event) for (name, key), event in result.items() if name == source]
            keys = [((*names, key), both(event, group)) for names, event in keys for key, group in groups]
        for names, event in keys:
            result[(breakdown, "__".join(names))] = event
