"""Printed numbers (and a few assumed ones) as conditions that a wave has to meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from helsemonitor.limits import limit_for, read_limits
from helsemonitor.settings import PROJECT_DIR, Settings
from synthetic.codebook import Codebook, Wave, parts, read_table
from synthetic.events import EVERYBODY, Atom, Event, both, scaled, single, total

SHARES = frozenset({"pct", "pct_group"})
LEVELS = SHARES | {"mean", "nps"}
MEASURES = LEVELS | {"count", "pp_change"}
# Kind of printed number that is told in words ("3 of 10"); how far a share may lie from it stands in this table.
APPROXIMATE = "prose_approx"
# Room left inside a rounding window, so that a drawn sample still fits after the aim has moved to suit a stated change.
ROOM = 0.12
# Half width of a level that is known only through a stated change.
IMPLIED_HALF_WIDTH = 0.3
# Prices of the linear programme, per point: an assumed level gives way to a printed one, a stated change to nothing.
UNPRINTED_COST = 0.01
MISSED_CHANGE_COST = 100.0
SLACK_PRINTED = 0.02
SLACK_APPROXIMATE = 0.2
# Words of published_results.csv for "everybody" and "asked but not in any group of the table".
EVERYBODY_ANSWER = "_asked"
NO_ANSWER = "_no_answer"


@dataclass(frozen=True)
class Printed:
    """One printed or assumed number, still in the codebook's words."""

    name: str
    survey: str
    year: int
    figure: str
    item: str
    base_item: str
    measure: str
    answers: tuple[str, ...]
    breakdown: str
    group: str
    year_from: int | None
    value: float
    half: float
    base: int | None
    weighted: bool
    is_set_aside: bool = False

    @property
    def place(self) -> tuple[object, ...]:
        """What the number is a level of, whatever the year."""
        kind = self.measure if self.measure in {"mean", "nps"} else "share"
        return (self.survey, self.item, frozenset(self.answers), self.breakdown, self.group, kind)


@dataclass(frozen=True)
class Target:
    """A linear condition: the weighted sum of `numerator` minus `value` times `base` is zero (`base` None: a count).

    Args:
        name: Result id, or what the assumption is about.
        numerator: Event or score.
        base: Who counts.
        value: Percent, points or persons.
        aim: Value aimed at inside the window.
        half: Half width of the window.
        slack: Softness in the tilting, in the unit of `value`.
        weighted: Use survey weights.
        is_printed: Comes from a report.
        is_tied: A stated change hangs on it, so the aim is to be met closely.
        whole: Event and size: where so many respondents make up the event, all of them are the base (a table of the
            sample's composition with its unanswered row).
    """

    name: str
    numerator: Event
    base: Event | None
    value: float
    aim: float
    half: float
    slack: float
    weighted: bool
    is_printed: bool = True
    is_tied: bool = False
    whole: tuple[Event, int] | None = None


def half_width(value: str) -> float:
    """Half of the last printed digit's unit."""
    decimals = len(value.split(".")[1]) if "." in value else 0
    return 0.5 * 10.0**-decimals


def read_printed(path: Path, set_aside: frozenset[str] = frozenset()) -> list[Printed]:
    """Read the printed numbers that concern a wave.

    Args:
        path: published_results.csv of a seeds folder; the folder's limits say how far an approximate number reaches.
        set_aside: Result ids that contradict another printed number and are not aimed at.

    Returns:
        The rows about a survey's answers, in file order.
    """
    frame = read_table(path)
    usable = frame["measure"].isin(sorted(MEASURES)) & (frame["survey"] != "external")
    limits = read_limits(Settings(PROJECT_DIR, path.parents[1], path.parents[1]))
    tolerance = limit_for(limits, "print_gap", names=[APPROXIMATE])
    return [_printed(row, tolerance, row["result_id"] in set_aside) for _, row in frame[usable].iterrows()]


def _printed(row: pd.Series, tolerance: float, is_set_aside: bool) -> Printed:
    is_count = row["measure"] == "count"
    is_approximate = row["source_kind"] == APPROXIMATE
    half = 0.0 if is_count else half_width(row["value"])
    return Printed(
        name=row["result_id"],
        survey=row["survey"],
        year=int(row["year"]),
        figure=row["figure"],
        item=row["item"],
        base_item=row["base_item"],
        measure=row["measure"],
        answers=parts(row["answers"]),
        breakdown=row["breakdown"],
        group=row["group_key"],
        year_from=int(row["year_from"]) if row["year_from"] else None,
        value=float(row["value"]),
        half=tolerance if is_approximate else half,
        base=int(row["n"]) if row["n"] else None,
        weighted=row["weighted"] == "yes",
        is_set_aside=is_set_aside,
    )


def aims(printed: list[Printed], expected: Callable[[Printed, int], float]) -> tuple[dict[str, float], list[Printed]]:
    """Move the levels inside their rounding windows so that the stated changes between waves come out too.

    A linear programme: the sum of the levels' distances from what is printed is least, subject to every change lying
    within its own rounding. A level that is not printed becomes a further number, known only through the change.

    Args:
        printed: All printed numbers.
        expected: Level assumed for a number in a year, where none is printed.

    Returns:
        Aim per result id, and the implied levels.
    """
    levels: dict[tuple[object, ...], list[Printed]] = defaultdict(list)
    printed = [row for row in printed if not row.is_set_aside]
    changes = [row for row in printed if row.measure == "pp_change" and row.year_from is not None]
    for row in printed:
        if row.measure in LEVELS and row.answers:
            levels[(*row.place, row.year)].append(row)
    ends = {(*row.place, year): None for row in changes for year in (row.year, row.year_from)}
    nodes = {key: index for index, key in enumerate(ends)}
    count = len(nodes)
    if not count:
        return {}, []
    low, high, middle, cost = np.zeros(count), np.full(count, 100.0), np.zeros(count), np.ones(count)
    stated = {(*row.place, year): row for row in changes for year in (row.year, row.year_from)}
    for key, index in nodes.items():
        exact = [row for row in levels.get(key, []) if row.half < 1.0] or levels.get(key, [])
        if exact:
            middle[index] = np.mean([row.value for row in exact])
            low[index] = max(row.value - row.half for row in exact)
            high[index] = min(row.value + row.half for row in exact)
            room = min(ROOM, (high[index] - low[index]) / 4)
            low[index], high[index] = low[index] + room, high[index] - room
        else:
            middle[index], cost[index] = expected(stated[key], int(str(key[-1]))), UNPRINTED_COST
    solved = _least_moves(nodes, changes, low, high, middle, cost)
    moved: dict[str, float] = {}
    implied: list[Printed] = []
    for row in changes:
        for year in (row.year, row.year_from):
            key = (*row.place, year)
            value = float(solved[nodes[key]])
            moved |= {level.name: value for level in levels.get(key, [])}
            if key not in levels and year is not None:
                levels[key] = []
                implied.append(
                    replace(
                        row,
                        name=f"{row.name}:{year}",
                        year=year,
                        measure="pct_group",
                        value=value,
                        half=IMPLIED_HALF_WIDTH,
                    )
                )
    return moved, implied


def _least_moves(
    nodes: dict[tuple[object, ...], int],
    changes: list[Printed],
    low: np.ndarray,
    high: np.ndarray,
    middle: np.ndarray,
    cost: np.ndarray,
) -> np.ndarray:
    count, edges = len(nodes), len(changes)
    prices = np.concatenate([np.zeros(count), cost, np.full(edges, MISSED_CHANGE_COST)])
    rows, limits = [], []

    def at_most(limit: float, **terms: int) -> None:
        line = np.zeros(count + count + edges)
        for sign, index in terms.items():
            line[index] += -1.0 if sign.startswith("minus") else 1.0
        rows.append(line)
        limits.append(limit)

    for index in range(count):
        at_most(middle[index], plus=index, minus=count + index)
        at_most(-middle[index], minus=index, minus_distance=count + index)
    for number, change in enumerate(changes):
        new = nodes[(*change.place, change.year)]
        old = nodes[(*change.place, change.year_from)]
        allowed = change.half - 2 * ROOM if change.half < 1.0 else change.half - 0.5
        spare = 2 * count + number
        at_most(change.value + allowed, plus=new, minus=old, minus_spare=spare)
        at_most(-change.value + allowed, minus=new, plus=old, minus_spare=spare)
    bounds = [(a, b) for a, b in zip(low, high, strict=True)] + [(0.0, None)] * (count + edges)
    return linprog(prices, A_ub=np.array(rows), b_ub=np.array(limits), bounds=bounds, method="highs").x[:count]


class Translator:
    """Turns printed numbers into conditions on a wave's items."""

    def __init__(self, codebook: Codebook, wave: Wave, always_answered: Callable[[str], bool]) -> None:
        """Prepare a wave.

        Args:
            codebook: All tables.
            wave: The wave.
            always_answered: Does everyone answer an item who is asked it? Then a printed base is the size of its
                universe.
        """
        self.wave = wave
        self.always_answered = always_answered
        self.compositions: set[tuple[str, str]] = set()
        self.moved: dict[str, float] = {}
        frame = codebook.rows("indicators", wave.survey)
        self.substantive = {
            (row.item, frozenset(parts(row.answers))) for row in frame.itertuples() if row.denominator == "substantive"
        }
        self.scores = {row.item: row for row in frame.itertuples() if row.kind == "nps"}

    def translate(self, printed: list[Printed], moved: dict[str, float]) -> list[Target]:
        """Conditions of all numbers that concern the wave and that it can form.

        Args:
            printed: Numbers of any wave.
            moved: Aims that differ from the printed value, by name.

        Returns:
            Conditions, and one count for every base printed beside a number.
        """
        self.moved = moved
        mine = [row for row in printed if row.survey == self.wave.survey and row.year == self.wave.year]
        self.compositions = {
            (row.figure, item) for row in mine if row.measure == "count" for item in (row.item, row.base_item)
        }
        counted = {(row.figure, row.item, row.answers, row.group) for row in mine if row.measure == "count"}
        mine = [row for row in mine if not row.is_set_aside]
        mine = [
            row for row in mine if row.measure != "pct" or (row.figure, row.item, row.answers, row.group) not in counted
        ]
        # A table that shows the unanswered as a row of its own prints everybody as its base.
        shown = {(row.figure, row.item) for row in mine if NO_ANSWER in row.answers}
        mine = [row for row in mine if (row.figure, row.base_item) not in shown or row.value != self.wave.size]
        targets: list[Target] = []
        for row in mine:
            group = self.wave.groups.get((row.breakdown, row.group))
            if row.measure == "pp_change" or group is None:
                continue
            # A printed 0 stands for anything below a half, and seldom for nobody.
            plain = row.value if row.value > 0 or row.measure == "nps" else row.half / 2
            targets += self._targets(row, group, moved.get(row.name, plain))
        return targets + self._bases(mine)

    def _targets(self, row: Printed, group: Event, aim: float) -> list[Target]:
        if row.item == "respondents":
            return self._respondents(row, group)
        is_level = row.answers or row.measure == "nps"
        if not is_level or EVERYBODY_ANSWER in row.answers or not self._knows(row.item):
            return []
        if row.measure == "count":
            return [self._count(row.name, both(self._given(row), group), row.value)]
        numerator, base = self._fraction(row, group)
        return [
            Target(
                row.name,
                numerator,
                base,
                row.value,
                aim,
                row.half,
                SLACK_APPROXIMATE if row.half > 1.0 else SLACK_PRINTED,
                row.weighted,
                is_tied=row.name in self.moved or ":" in row.name,
                whole=(group, row.base)
                if row.base is not None and (row.figure, row.item) in self.compositions
                else None,
            )
        ]

    def _knows(self, item: str) -> bool:
        return self.wave.has(item) or any(breakdown == item for breakdown, _ in self.wave.groups)

    def _fraction(self, row: Printed, group: Event) -> tuple[Event, Event]:
        if row.measure == "mean":
            points = single(Atom(row.item, "points", frozenset(row.answers)))
            return both(points, group), both(self.wave.answered(row.item), group)
        if row.measure == "nps":
            score = self.scores[row.item]
            promoters = self.wave.given(row.item, parts(score.answers))
            detractors = self.wave.given(row.item, parts(score.negative_answers))
            net = total(scaled(promoters, 100.0), scaled(detractors, -100.0))
            return both(net, group), both(self._substantive(row.item), group)
        given = scaled(both(self._given(row), group), 100.0)
        if (row.item, frozenset(row.answers)) in self.substantive and self._is_scale(row.item):
            return given, both(self._substantive(row.item), group)
        return given, both(self.wave.answered(row.item), group)

    def _is_scale(self, item: str) -> bool:
        return item in self.wave.items and self.wave.items[item].type == "scale"

    def _substantive(self, item: str) -> Event:
        asked = self.wave.items[item]
        return self.wave.given(item, tuple(a for a in asked.answers if asked.kinds[a] in {"substantive", "neutral"}))

    def _given(self, row: Printed) -> Event:
        if NO_ANSWER not in row.answers:
            return self.wave.given(row.item, row.answers)
        rest = tuple(answer for answer in row.answers if answer != NO_ANSWER)
        unanswered = total(EVERYBODY, scaled(self.wave.answered(row.item), -1.0))
        return total(unanswered, self.wave.given(row.item, rest)) if rest else unanswered

    def _respondents(self, row: Printed, group: Event) -> list[Target]:
        if row.measure != "count" or (row.breakdown == "total" and not row.base_item):
            return []
        if not row.base_item:
            return [] if row.answers not in {(), (EVERYBODY_ANSWER,)} else [self._count(row.name, group, row.value)]
        if not self._knows(row.base_item):
            return []
        counted = self.wave.given(row.base_item, row.answers) if row.answers else self._base(row.base_item)
        return [self._count(row.name, both(counted, group), row.value)]

    def _base(self, item: str) -> Event:
        forced = item in self.wave.items and self.always_answered(item)
        return self.wave.universe(item) if forced else self.wave.answered(item)

    def _bases(self, printed: list[Printed]) -> list[Target]:
        bases: dict[str, tuple[str, int]] = {}
        for row in printed:
            plain = row.breakdown == "total" and row.measure in LEVELS and self._knows(row.item)
            if plain and row.base is not None and (row.figure, row.item) not in self.compositions:
                bases.setdefault(row.item, (row.name, row.base))
        return [self._count(f"{name}:n", self._base(item), base) for item, (name, base) in bases.items()]

    @staticmethod
    def _count(name: str, event: Event, value: float) -> Target:
        return Target(name, event, None, value, value, 0.0, SLACK_PRINTED, weighted=False)
