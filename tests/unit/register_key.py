"""What the register and the codebook say of each step between shipped waves: the key that `diff` is held to.

Everything is read here by the csv module. A difference that has a type of change is a hit where the register has an
entry of a fitting type for its item and year, it is explained where something else that was known before tells of it,
and a false alarm otherwise. A registered change that shows in a file without labels is a miss where no difference says
it.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from helsemonitor.landing.difference import Difference
from tests.unit.shipped_waves import SEEDS, Question, holding, questions, rows

ANSWERS = {"option_added", "option_removed", "coding", "geography", "single_to_multiple"}
FILTERS = {"filter_narrowed", "filter_widened", "filter_question_changed"}
# Kind of a difference -> types of the register that it is a sign of. A new answer in the middle of a scale moves codes,
# and so does one that is gone; counties that are divided anew are answers added and gone.
FITTING = {
    "option_added": ANSWERS,
    "option_removed": ANSWERS,
    "option_relabelled": {"option_relabelled"},
    "wording": {"wording"},
    "codes_shifted": {*ANSWERS, "option_relabelled"},
    "scale_turned": {*ANSWERS, "option_relabelled"},
    "missing_codes": ANSWERS,
    "ticks_only": ANSWERS,
    "filter_narrowed": FILTERS,
    "filter_widened": FILTERS,
    "filter_moved": FILTERS,
}
# These have no type of change: whatever is known of the item in that year may be what moved them.
WITHOUT_TYPE = {"answers_far", "dont_know_changed", "blanks_changed"}
# Points by which a printed share of blanks may be rounded.
ROUNDED = 0.5


class Alarm(NamedTuple):
    """A difference of an item."""

    step: str
    item: str
    kind: str


@dataclass
class Judged:
    """The differences of one step against the key.

    Args:
        hits: Registered changes that are visible and were said, as item and type.
        misses: Those that were not said.
        alarms: Differences with a type that the register has.
        explained: Differences that something else than a fitting entry explains, with what does.
        false: Differences that nothing explains.
        unseen: Number of registered changes that do not show in a file without labels.
    """

    hits: set[tuple[str, str]] = field(default_factory=set)
    misses: set[tuple[str, str]] = field(default_factory=set)
    alarms: set[Alarm] = field(default_factory=set)
    explained: dict[Alarm, str] = field(default_factory=dict)
    false: set[Alarm] = field(default_factory=set)
    unseen: int = 0


def answers(survey: str, year: int) -> dict[str, dict[str, str]]:
    """Item -> code -> answer; an option of a question with several answers is a code of its own."""
    lists: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows("code_lists"):
        lists[row["code_list"]][row["code"]] = row["answer"]
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in holding("columns", survey, year):
        if row["option"]:
            found[row["item"]][f"option {row['option']}"] = row["option"]
        elif not row["ignored_reason"]:
            found[row["item"]] |= lists[row["code_list"]]
    return found


@cache
def cells(survey: str, year: int) -> dict[str, list[str]]:
    """Column -> its cells."""
    with (SEEDS / "raw" / f"{survey}_{year}.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    return {column: [row[column] for row in told] for column in told[0]}


def given(survey: str, year: int, item: str) -> set[str]:
    """Answers of an item that somebody gave."""
    columns = cells(survey, year)
    meant = answers(survey, year)[item]
    found = set()
    for column, (of, option) in questions(survey, year).items():
        if of == item and column in columns:
            found |= {option} if option else {meant[cell] for cell in set(columns[column]) if cell in meant}
    return found


def registered(survey: str, year: int) -> set[tuple[str, str]]:
    """Item and type of change of what the register has for a wave; `*` for all items of the whole sample.

    What happened to one region is no reason for all respondents to answer otherwise.
    """
    found = set()
    for row in rows("changes"):
        spans = int(row["year"]) <= year <= int(row["year_to"] or row["year"])
        is_of_all = row["items"] != "*" or not row["scope"]
        if row["survey"] == survey and spans and is_of_all:
            found |= {(item, row["change_type"]) for item in row["items"].split("|")}
    return found


def routed(survey: str, year: int) -> dict[str, str]:
    """Item -> universe."""
    return {row["item"]: row["universe"] for row in holding("routing", survey, year)}


def made_of(survey: str, item: str) -> set[str]:
    """An item, and what derivations and breakdowns make of it."""
    derived = {row["item"] for row in rows("derivations") if (row["survey"], row["source_item"]) == (survey, item)}
    grouped = {row["breakdown"] for row in rows("breakdowns") if (row["survey"], row["source_item"]) == (survey, item)}
    return {item} | derived | grouped


def is_visible(survey: str, year: int, newer: int, item: str, change_type: str) -> bool:
    """Whether a registered change shows in a file without labels, by the codebook and the cells."""
    before, now = (
        {question for question in questions(survey, of).values() if question[0] == item} for of in (year, newer)
    )
    if not before or not now:
        # A derived item has no column; a question that is new or gone is a column new or gone, and no change of it.
        return False
    was_given, is_given = given(survey, year, item), given(survey, newer, item)
    offered_before, offered = set(answers(survey, year)[item].values()), set(answers(survey, newer)[item].values())
    if change_type == "option_added":
        return bool((is_given & offered) - offered_before)
    if change_type == "option_removed":
        return bool((was_given & offered_before) - offered)
    if change_type == "single_to_multiple":
        return {option for _, option in before} == {""} != {option for _, option in now}
    if change_type in ("coding", "geography"):
        return answers(survey, year)[item] != answers(survey, newer)[item]
    if change_type in FILTERS:
        return routed(survey, year).get(item, "") != routed(survey, newer).get(item, "")
    # Wording, names of answers, how and when people were asked: not in codes.
    return False


def is_right(one: Difference, before: dict[str, Question], now: dict[str, Question]) -> bool:
    """Whether a difference is about columns of one item."""
    items = {before[column][0] for column in one.before if column in before}
    return items == {now[column][0] for column in one.columns if column in now} == {one.item}


def says(one: Difference, item: str, change_type: str, before: dict[str, Question], now: dict[str, Question]) -> bool:
    """Whether a difference tells of a registered change: by its type, or by boxes that are new or gone."""
    if one.kind in FITTING:
        return one.item == item and change_type in FITTING[one.kind] and is_right(one, before, now)
    if change_type in ANSWERS:
        # A box of the item is an answer of it.
        boxes = {now[column] for column in one.columns if column in now} if one.kind == "column_new" else set()
        gone = {before[column] for column in one.before if column in before} if one.kind == "column_gone" else set()
        new = {question for question in boxes if question[1] and question not in before.values()}
        lost = {question for question in gone if question not in now.values()}
        return item in {of for of, _ in new | lost}
    return False


def printed_blanks(survey: str, year: int, item: str, columns: tuple[str, ...]) -> bool:
    """Whether the reports print so many blanks: as the base of the item, or as the share of those without an answer."""
    answered = sum(1 for cell in cells(survey, year)[columns[0]] if cell)
    of = len(cells(survey, year)[columns[0]])
    for row in rows("published_results", "published"):
        if (row["survey"], row["year"], row["breakdown"]) != (survey, str(year), "total"):
            continue
        if row["item"] == item and row["denominator"] == "answered" and row["n"] == str(answered):
            return True
        is_blank = row["answers"] == "_no_answer" and row["item"] in made_of(survey, item)
        if is_blank and abs(float(row["value"]) - 100 * (1 - answered / of)) <= ROUNDED:
            return True
    return False


def explanation(survey: str, newer: int, one: Difference) -> str:
    """What else tells of a difference; empty where nothing does."""
    register = registered(survey, newer)
    if one.kind == "blanks_changed" and printed_blanks(survey, newer, one.item, one.columns):
        return "the reports print as many blanks"
    types = sorted(change_type for item, change_type in register if item == one.item)
    if types and one.kind in WITHOUT_TYPE:
        return f"registered: {', '.join(types)}"
    if one.kind in {*WITHOUT_TYPE, "option_removed"}:
        made = sorted(
            f"{change_type} of {item}"
            for item, change_type in register
            if item in made_of(survey, one.item) - {one.item}
        )
        # Whole groups that took no part: nobody gives their answer.
        if made:
            return f"registered: {', '.join(made)}"
    if one.kind in WITHOUT_TYPE:
        if ("*", "context_event") in register:
            return "registered: context_event"
        limits = [row for row in rows("limits") if row["survey"] == survey and row["name"] == one.item]
        return f"limits.csv: {limits[0]['reason']}" if limits else ""
    return ""


def judged(survey: str, year: int, newer: int, differences: tuple[Difference, ...]) -> Judged:
    """Hold the differences of one step against the key."""
    found = Judged()
    before, now = questions(survey, year), questions(survey, newer)
    register = registered(survey, newer)
    began = {
        (item, row["change_type"])
        for row in rows("changes")
        if (row["survey"], row["year"]) == (survey, str(newer))
        for item in row["items"].split("|")
    }
    for item, change_type in began:
        if not is_visible(survey, year, newer, item, change_type):
            found.unseen += 1
        elif any(says(one, item, change_type, before, now) for one in differences):
            found.hits.add((item, change_type))
        else:
            found.misses.add((item, change_type))
    for one in differences:
        if one.kind not in FITTING and one.kind not in WITHOUT_TYPE and not one.change_type:
            continue
        alarm = Alarm(f"{survey} {newer}", one.item, one.kind)
        fits = {(one.item, change_type) for change_type in FITTING.get(one.kind, ())} & register
        if not is_right(one, before, now):
            found.false.add(alarm)
        elif fits:
            found.alarms.add(alarm)
        elif words := explanation(survey, newer, one):
            found.explained[alarm] = words
        else:
            found.false.add(alarm)
    return found
