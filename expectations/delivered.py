"""The tables that the door looks at: a delivered file beside the codebook and the wave before. Counts only."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from expectations.frames import by_row, with_drift_limits
from expectations.suites import NUMBER
from helsemonitor.codebook.book import SELECTED, Codebook
from helsemonitor.codebook.waves import Wave
from helsemonitor.landing.comparison import profile_of
from helsemonitor.landing.delivery import Delivery
from helsemonitor.landing.difference import POSITIONS, given
from helsemonitor.landing.profiles import Profile
from helsemonitor.landing.sibling import Sibling
from helsemonitor.landing.universes import Told
from helsemonitor.limits import Limit, limit_for
from helsemonitor.raw_files import fits_pattern
from helsemonitor.turned import turned_scales

# More different codes may be ids or numbers in the wrong column; the check of the warehouse shows as many.
CODES_SHOWN = 10
# Of an item's columns as many are written out.
COLUMNS_SHOWN = 4


def columns_frame(book: Codebook, delivery: Delivery, wave: Wave) -> pd.DataFrame:
    """One row per column that the codebook names for a wave or that a file has: whether it is where it should be."""
    mapped, ignored = book.columns_of(wave.survey, wave.year), book.ignored_in(wave.survey, wave.year)
    keys = {wave.respondent_column: "respondent_column", wave.weight_column: "weight_column"}
    keys.pop("", None)
    return pd.DataFrame(
        [
            {
                "column_name": name,
                "word": keys.get(name, ""),
                "item": mapped[name]["item"] if name in mapped else "",
                "missing_key_n": int(name in keys and name not in delivery.names),
                "missing_n": int(name not in keys and name not in delivery.names),
                "unknown_n": int(
                    name not in keys and name not in mapped and not any(fits_pattern(name, form) for form in ignored)
                ),
            }
            for name in dict.fromkeys([*keys, *mapped, *delivery.names])
        ],
        columns=["column_name", "word", "item", "missing_key_n", "missing_n", "unknown_n"],
    )


def _strange_cells(column: Profile) -> list[str]:
    """Cells that no row of the column's code list has."""
    return sorted(cell for cell in column.counts if cell not in column.codes) if column.codes else []


def _said(column: Profile, cells: Sequence[str]) -> str:
    """Cells with how often each stands there; of many, how many there are."""
    if len(cells) <= CODES_SHOWN:
        return given(column, cells)
    return (
        f"{len(cells)} different texts of up to {max(len(cell) for cell in cells)} characters (not shown, since they "
        f"may tell of a person), {sum(column.counts[cell] for cell in cells)} times in all,"
    )


def codes_frame(delivery: Delivery, now: Sibling) -> pd.DataFrame:
    """One row per delivered column with a code list: cells that the list does not have."""
    found = []
    for column in now.columns:
        if column.codes and column.name in now.rows:
            cells = _strange_cells(column)
            # What the file itself calls a code tells whoever adds it.
            labelled = replace(column, labels=profile_of(delivery.column(column.name)).labels) if cells else column
            unknown_n = sum(column.counts[cell] for cell in cells)
            row = now.rows[column.name]
            found.append((column.name, row["item"], row["code_list"], unknown_n, _said(labelled, cells)))
    return pd.DataFrame(found, columns=["column", "item", "code_list", "unknown_n", "said"])


def _sources(book: Codebook, survey: str, year: int, item: str) -> dict[str, set[str]]:
    """Items that tell in a wave who is asked an item -> derived items between the two."""
    routed = book.routed_by(survey, year, item)
    clauses = book.universes.get((survey, routed["universe"]), []) if routed else []
    found: dict[str, set[str]] = {clause["item"]: set() for clause in clauses}
    derived = book.derived.get((survey, year), {})
    for between in list(found):
        for clause in derived.get(between, []):
            found.setdefault(clause["source_item"], set()).add(between)
    return found


@dataclass(frozen=True)
class Responses:
    """What came back of one item in a wave, as the warehouse counts it; respondents as truth values.

    Args:
        asked: Whom the codebook asks.
        answered: Who answered, asked or not.
        coded_past: Whom a code leads past the item although the codebook asks them.
        coded_asked: Who, by a code, was asked although the codebook leads them past.
    """

    asked: np.ndarray
    answered: np.ndarray
    coded_past: np.ndarray
    coded_asked: np.ndarray

    @property
    def counted(self) -> np.ndarray:
        """Who was asked and answered: the base of shares."""
        return self.asked & self.answered


@dataclass(frozen=True)
class Share:
    """Share of an answer in a wave.

    Args:
        p: The share, 0 to 1.
        error: Its standard error by Taylor linearisation.
        base_n: Respondents behind it.
        n_eff: Their effective number by Kish.
    """

    p: float
    error: float
    base_n: int
    n_eff: float


class Answers:
    """What the respondents of a wave answered.

    Args:
        book: The codebook.
        read: The wave with its file.
        limits: All limits: `allocation_sum` says which points are an answer.
    """

    def __init__(self, book: Codebook, read: Sibling, limits: Sequence[Limit]) -> None:
        self.book, self.wave, self.rows = book, read.wave, read.rows
        self.columns = {column.name: column for column in read.columns}
        self._points_off = limit_for(limits, "allocation_sum")
        known = [(read.rows[column.name], column) for column in read.columns if column.name in read.rows]
        self._told = Told(book, self.wave.survey, self.wave.year, known)
        self._responses: dict[str, Responses] = {}

    @cached_property
    def items(self) -> dict[str, list[str]]:
        """Item that the wave asked -> its columns, in the order of the codebook."""
        found: dict[str, list[str]] = {}
        for name, row in self.rows.items():
            found.setdefault(row["item"], []).append(name)
        return found

    @cached_property
    def sound(self) -> list[str]:
        """Items of which, and of whose filter, every column is there and holds what it may.

        A filter by a question that the wave does not ask is none that could be looked at.
        """
        unsound = {row["item"] for name, row in self.rows.items() if not self._is_sound(name)}
        survey, year = self.wave.survey, self.wave.year

        def is_sound(item: str) -> bool:
            sources = _sources(self.book, survey, year, item)
            return not unsound & {item, *sources} and all(self.book.has(survey, year, source) for source in sources)

        return [item for item in self.items if is_sound(item)]

    def _is_sound(self, name: str) -> bool:
        # One that is blank for everybody is a finding of its own.
        if name not in self.columns or not self.columns[name].answered:
            return False
        column, row = self.columns[name], self.rows[name]
        if self.book.has_numbers(self.wave.survey, row["item"]):
            codes = {code["code"] for code in self.book.code_lists.get(row["code_list"], [])}
            return all(cell in codes or re.match(NUMBER, cell) for cell in column.counts)
        return not _strange_cells(column)

    def _points(self, item: str) -> np.ndarray:
        cells = [pd.to_numeric(pd.Series(self.columns[name].cells), errors="coerce") for name in self.items[item]]
        return pd.concat(cells, axis=1).sum(axis=1).to_numpy(dtype=float)

    def responses(self, item: str) -> Responses:
        """Who was asked an item, and who answered it."""
        if item not in self._responses:
            self._responses[item] = self._responses_of(item)
        return self._responses[item]

    def _responses_of(self, item: str) -> Responses:
        routed, gave, marked = self._told.asked_of(item), self._told.gave(item) or {}, self._told.marked(item)
        told = gave[""]
        no_answer = marked["_no_answer"] & ~told
        past = marked["_not_asked"] & ~told & ~no_answer
        whole = self.book.type_of(self.wave.survey, item)["sums_to"]
        answered = told & (np.abs(self._points(item) - float(whole)) <= self._points_off) if whole else told
        return Responses(routed & ~past, answered, past & routed, no_answer & ~routed)

    @cached_property
    def weights(self) -> np.ndarray | None:
        """Weights with a mean of 1; None where they are none."""
        n = self._told.respondents
        if not self.wave.weight_column:
            return np.ones(n)
        column = self.columns.get(self.wave.weight_column)
        numbers = (
            pd.to_numeric(pd.Series(column.cells), errors="coerce").to_numpy(dtype=float) if column else np.zeros(n)
        )
        return numbers / numbers.mean() if n and np.isfinite(numbers).all() and (numbers > 0).all() else None

    def share(self, item: str, answer: str) -> Share | None:
        """Weighted share of an answer among those who were asked and answered; None where nobody was."""
        base, gave = self.responses(item).counted, self._told.gave(item) or {}
        if self.weights is None or not base.any():
            return None
        w, y = self.weights[base], gave[answer][base]
        p = float(w[y].sum() / w.sum())
        n = len(base)
        variance = n / max(n - 1, 1) * float((w * w * (y - p) ** 2).sum()) / w.sum() ** 2
        return Share(p, float(np.sqrt(variance)), int(base.sum()), float(w.sum() ** 2 / (w * w).sum()))

    def offered(self, item: str) -> list[str]:
        """Answers that the wave's form offers of an item, in their order."""
        offered = self.book.offered(self.wave.survey, self.wave.year, item)
        return [answer for answer in self.book.answers_of(self.wave.survey, item) if answer in offered]

    def of_type(self, item: str, column: str) -> bool:
        """What item_types.csv says of an item."""
        return self.book.type_of(self.wave.survey, item)[column] == "true"

    def codes_of(self, item: str, answer: str) -> tuple[str, str]:
        """Columns and codes of an answer, in words."""
        columns, codes = [], []
        for name in self.items[item]:
            row = self.rows[name]
            wanted = SELECTED[0] if row["option"] == answer else "" if row["option"] else answer
            own = [code["code"] for code in self.book.code_lists.get(row["code_list"], []) if code["answer"] == wanted]
            columns += [name] if own else []
            codes += own
        return _listed(columns), " or ".join(dict.fromkeys(codes))


def _listed(names: Sequence[str]) -> str:
    """Names; of many the first and the last."""
    return ", ".join(names) if len(names) <= COLUMNS_SHOWN else f"{names[0]} ... {names[-1]} ({len(names)})"


def in_words(columns: Sequence[str]) -> str:
    """Columns as a sentence names them."""
    return f"column{'s' if len(columns) > 1 else ''} {_listed(columns)}"


def routing_frame(now: Answers, limits: Sequence[Limit]) -> pd.DataFrame:
    """One row per item that can be counted: who answered and was not asked, and who was asked and did not."""
    survey, year = now.wave.survey, now.wave.year
    found = []
    for item in now.sound:
        responses = now.responses(item)
        if not now.of_type(item, "is_counted"):
            continue
        routed = now.book.routed_by(survey, year, item)
        counts = {
            "asked": int(responses.asked.sum()),
            "outside": int((responses.answered & ~responses.asked).sum()),
            "blank": int((responses.asked & ~responses.answered).sum()),
            "coded_past": int(responses.coded_past.sum()),
            "coded_asked": int(responses.coded_asked.sum()),
        }
        # Of the universe, whatever the codes say.
        whole = max(counts["asked"] + counts["coded_past"], 1)
        bases = {"coded_past": whole, "coded_asked": whole}
        found.append(
            {
                "item": item,
                "columns": in_words(now.items[item]),
                "universe": routed["universe"] if routed else "everybody",
                "routed_n": whole,
                **{f"{name}_n": count for name, count in counts.items()},
                **{f"{name}_pct": 100 * n / bases.get(name, max(counts["asked"], 1)) for name, n in counts.items()},
                "outside_limit": limit_for(limits, "outside_share", survey, year, [item]),
                "blank_limit": limit_for(limits, "blank_share", survey, year, [item]),
            }
        )
    return pd.DataFrame(found)


def _is_break(book: Codebook, survey: str, item: str, years: tuple[int, int]) -> bool:
    """Whether a registered change between two waves breaks the shares of an item, or of what says who is asked it."""
    on_the_way: dict[str, set[str]] = {item: set()}
    for year in years:
        for source, between in _sources(book, survey, year, item).items():
            # A source that only one of the waves has did not change.
            if all(book.has(survey, other, source) for other in years):
                on_the_way[source] = on_the_way.get(source, set()) | between | {item}
    return any(
        "share" in row.parts("breaks") and not between & set(row.parts("unaffected_items"))
        for source, between in on_the_way.items()
        for row in book.changed(survey, source, *years)
    )


def _both(now: Answers, before: Answers) -> Iterator[str]:
    """Items with shares that both waves asked, and whose columns hold what they may."""
    for item in now.sound:
        if item in before.sound and now.of_type(item, "has_shares"):
            yield item


def _drift_rows(now: Answers, before: Answers, smallest: float) -> Iterator[Mapping[str, object]]:
    survey, (older, newer) = now.wave.survey, sorted((before.wave.year, now.wave.year))
    for item in _both(now, before):
        for answer in now.offered(item):
            is_new = answer not in before.offered(item)
            one, other = (None, None) if is_new else (before.share(item, answer), now.share(item, answer))
            if one is None or other is None or min(one.base_n, other.base_n) < smallest:
                continue
            columns, codes = now.codes_of(item, answer)
            yield {
                "column": columns,
                "code": codes,
                "survey": survey,
                "year": newer,
                "unit": "percent",
                "item": item,
                "series": f"{item}:{answer}",
                "answer": answer,
                "before": 100 * one.p,
                "now": 100 * other.p,
                "other": before.wave.wave_id,
                "change": 100 * abs(other.p - one.p),
                "change_se": 100 * float(np.hypot(one.error, other.error)),
                "sd": 100 * max(float(np.sqrt(share.p * (1 - share.p))) for share in (one, other)),
                "is_break": _is_break(now.book, survey, item, (older, newer)),
            }


DRIFT_COLUMNS = [
    *("column", "code", "survey", "year", "unit", "item", "series", "answer", "before", "now", "other", "change"),
    *("change_se", "sd", "is_break"),
]


def drift_frame(now: Answers, before: Answers, limits: Sequence[Limit]) -> pd.DataFrame:
    """One row per coded answer that both waves offer and enough people could give: how far its share moved."""
    rows = list(_drift_rows(now, before, limit_for(limits, "drift_base_smallest")))
    return with_drift_limits(pd.DataFrame(rows, columns=DRIFT_COLUMNS), limits)


def scales_frame(now: Answers, before: Answers, limits: Sequence[Limit]) -> pd.DataFrame:
    """One row per item of both waves: whether its answers look exchanged; see `turned_scales`."""
    found = []
    for item in _both(now, before):
        kinds = now.book.answers_of(now.wave.survey, item)
        for wave in (before, now):
            for answer in wave.offered(item):
                share = wave.share(item, answer) if kinds[answer]["answer_kind"] in POSITIONS else None
                if share is not None:
                    adds_up = wave.of_type(item, "answers_add_up")
                    order = int(kinds[answer]["sort_order"] or 0)
                    found.append((wave.wave.survey, item, wave.wave.year, order, answer, share.p, share.n_eff, adds_up))
    columns = ["survey", "item", "year", "sort_order", "answer", "share", "n_eff", "answers_add_up"]
    order = ["survey", "item", "year", "sort_order", "answer"]
    scales = turned_scales(pd.DataFrame(found, columns=columns).sort_values(order))
    limited = by_row(scales, limits, "allowed", "turned", ["size", "item"])
    return limited.assign(
        columns=[in_words(now.items[item]) for item in limited["item"]], other=before.wave.wave_id
    ).astype({"moved": float})
