"""Proposals for questions that go on: columns, code lists, answers, groups, filters and the register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from helsemonitor.codebook.book import SELECTED
from helsemonitor.landing.codes import is_ticked_only, recoding
from helsemonitor.landing.difference import Difference, Pair, named
from helsemonitor.landing.filters import Clause
from helsemonitor.landing.universes import Told
from helsemonitor.proposals.draft import Draft, new_name
from helsemonitor.proposals.lists import list_with, wanted_codes
from helsemonitor.proposals.register import Change
from helsemonitor.proposals.words import slug

LONGEST_UNIVERSE = 60
# Part of the respondents who may skip what everybody is asked.
FEW_BLANKS = 0.02
FILTERS = ("filter_narrowed", "filter_widened", "filter_moved")


@dataclass(frozen=True)
class Seen:
    """What an item's columns are in the delivered wave.

    Args:
        item: The item.
        pairs: Its columns before and now.
        differences: What is otherwise in them.
    """

    item: str
    pairs: tuple[Pair, ...]
    differences: tuple[Difference, ...]


def _map_columns(draft: Draft, seen: Seen, told: Told) -> None:
    """Let columns.csv say what the delivered columns hold."""
    asked = [bool(is_asked) for is_asked in told.asked_of(seen.item)]
    for pair in seen.pairs:
        row = pair.row
        if row is None:
            continue
        found = recoding(pair)
        code_list, blank_means = row["code_list"], row["blank_means"]
        if is_ticked_only(pair):
            blank_means = SELECTED[1]
        else:
            codes = wanted_codes(draft, pair, found, asked)
            code_list = list_with(draft, codes, code_list or f"{seen.item}_missing") if codes else ""
        map_column(draft, pair.now.name, seen.item, row["option"], code_list, blank_means, former=pair.before.name)


def map_column(
    draft: Draft, column: str, item: str, option: str, code_list: str, blank_means: str = "", former: str = ""
) -> None:
    """Let a column of the wave hold an item, and close what columns.csv says otherwise of it.

    Args:
        draft: The codebook.
        column: The delivered column.
        item: The item.
        option: The option that a box or a channel stands for; empty where there is none.
        code_list: Its code list; empty for numbers.
        blank_means: What a blank means, as columns.csv has it.
        former: What the column was called in the wave before; empty where it is new.
    """
    wanted = {"item": item, "option": option, "code_list": code_list, "blank_means": blank_means, "ignored_reason": ""}
    for row in draft.holding("columns", column_name=column):
        if all(row[name] == cell for name, cell in wanted.items()):
            return
        draft.close("columns", row)
    if former and former != column:
        for row in draft.holding("columns", column_name=former, item=item, option=option):
            draft.close("columns", row)
    draft.add("columns", column_name=column, **wanted, **draft.opened)


def _answers_of(draft: Draft, clause: Clause, items: Mapping[str, tuple[str, str]]) -> tuple[str, list[str]] | None:
    """Item and answers that a clause over a column and its codes means."""
    item, option = items.get(clause.column, ("", ""))
    rows = draft.holding("columns", column_name=clause.column)
    if not item or not rows:
        return None
    if option:
        return item, [option]
    meant = {code["code"]: code["answer"] for code in draft.book.code_lists.get(rows[0]["code_list"], [])}
    answers = [meant[code] for code in sorted(clause.codes) if code in meant and not meant[code].startswith("_")]
    return (item, list(dict.fromkeys(answers))) if answers else None


def route(draft: Draft, items: Sequence[str], clause: Clause | None, columns: Mapping[str, tuple[str, str]]) -> str:
    """Let routing.csv send items to whom a clause names; to everybody where there is none.

    Args:
        draft: The codebook.
        items: The items.
        clause: Who is asked.
        columns: Delivered column -> item and option.

    Returns:
        Whom, in words; empty where the codebook has no words for the clause, and nothing is written then.
    """
    universe, whom = "", "alle / everybody"
    if clause is not None:
        meant = _answers_of(draft, clause, columns)
        if meant is None or meant[0] in items:
            return ""
        universe, whom = _universe(draft, *meant), f"{meant[0]} = {', '.join(meant[1])}"
    for item in items:
        for row in draft.holding("routing", item=item):
            if row["universe"] == universe:
                break
            draft.close("routing", row)
        else:
            if universe:
                draft.add("routing", item=item, universe=universe, **draft.opened)
    return whom


def _universe(draft: Draft, item: str, answers: Sequence[str]) -> str:
    """The universe of those who gave one of some answers, added where there is none."""
    for (survey, universe), clauses in draft.book.universes.items():
        if survey == draft.survey and len(clauses) == 1:
            (clause,) = clauses
            if (clause["item"], clause["operator"]) == (item, "any") and set(clause.parts("answers")) == set(answers):
                return universe
    taken = {universe for survey, universe in draft.book.universes if survey == draft.survey}
    name = new_name(slug(f"{item} {' '.join(answers)}", LONGEST_UNIVERSE), taken)
    draft.add("universes", universe=name, clause="1", item=item, operator="any", answers="|".join(answers))
    return name


def _groups(draft: Draft, item: str, answers: Sequence[str]) -> None:
    """Groups of the breakdowns that are made of an item, for answers that are in none."""
    made: dict[str, list[dict[str, str]]] = {}
    for row in draft.holding("breakdowns", source_item=item):
        made.setdefault(row["breakdown"], []).append(dict(row))
    for breakdown, rows in made.items():
        left = [part for row in draft.holding("left_out", breakdown=breakdown) for part in row.parts("answers")]
        covered = {part for row in rows for part in row["answers"].split("|")} | set(left)
        for answer in answers:
            if answer in covered or not rows[0]["answers"]:
                continue
            label = draft.book.answers_of(draft.survey, item)[answer]
            keys = {row["group_key"] for row in draft.book.rows("breakdowns") if row["breakdown"] == breakdown}
            draft.add(
                "breakdowns",
                breakdown=breakdown,
                group_key=answer if answer not in keys else new_name(f"{answer}_{draft.year}", keys),
                source_item=item,
                answers=answer,
                label_no=label["label_no"],
                label_en=label["label_en"],
                sort_order=str(max(int(row["sort_order"]) for row in rows) + 1),
                serves=rows[0]["serves"],
                **draft.opened,
            )


def _changes(draft: Draft, seen: Seen, before: Mapping[str, str]) -> list[Change]:
    """What the register has to know: how the answers on offer differ, and what else was seen."""
    now = draft.book.offered(draft.survey, draft.year, seen.item)
    labels = draft.book.answers_of(draft.survey, seen.item)

    def called(answer: str) -> str:
        row = labels.get(answer, {})
        return now.get(answer) or before.get(answer) or row.get("label_no", "") or row.get("label_en", "") or answer

    changes = [Change("option_added", called(answer)) for answer in now if answer not in before]
    changes += [Change("option_removed", called(answer)) for answer in before if answer not in now]
    changes += [
        Change("option_relabelled", f"{before[answer] or answer} > {label}")
        for answer, label in now.items()
        if answer in before and label != before[answer]
    ]
    kinds = {one.kind for one in seen.differences}
    changes += [Change("coding", what) for pair in seen.pairs for what in _recoded(pair, kinds)]
    changes += [Change("wording", one.evidence) for one in seen.differences if one.kind == "wording"]
    return changes


def _recoded(pair: Pair, kinds: set[str]) -> list[str]:
    """What is coded otherwise, in signs and the words of the file."""
    if "ticks_only" in kinds:
        return ["0 / 1 > 1"]
    found = recoding(pair)
    moved = [f"{named(pair.now, now)}: {before} > {now}" for before, now in found.moved.items()]
    missing = [
        f"{named(pair.now, code)}: ikke svar / no answer" for code in found.missing if code not in pair.known_missing
    ]
    return moved + (missing if "missing_codes" in kinds else [])


def continue_item(draft: Draft, seen: Seen, told: Told) -> list[Change]:
    """Write what the codebook needs to say of an item in the delivered wave; nothing where nothing changed.

    Args:
        draft: The codebook.
        seen: The item's columns.
        told: Who is asked, by the rows that held until now.

    Returns:
        What the register has to know.
    """
    years = [year for year in draft.book.years[draft.survey] if year != draft.year]
    earlier = [year for year in years if year < draft.year]
    # A question may have paused: it is held against the wave that asked it last.
    asking = [year for year in earlier if draft.book.has(draft.survey, year, seen.item)] or earlier
    before = dict(draft.book.offered(draft.survey, max(asking) if asking else min(years), seen.item))
    _map_columns(draft, seen, told)
    now = draft.book.offered(draft.survey, draft.year, seen.item)
    _groups(draft, seen.item, [answer for answer in now if answer not in before])
    return _changes(draft, seen, before) if earlier else []


def route_item(draft: Draft, seen: Seen, columns: Mapping[str, tuple[str, str]]) -> list[Change]:
    """Write whom an item goes to now, where the answers tell and the codebook says otherwise.

    Args:
        draft: The codebook, with all columns of the wave.
        seen: The item's columns.
        columns: Delivered column -> item and option.

    Returns:
        What the register has to know.
    """
    for one in seen.differences:
        if one.kind in FILTERS and (one.clause is not None or _is_asked_of_all(seen)):
            whom = route(draft, [seen.item], one.clause, columns)
            return [Change(one.change_type, whom)] if whom else []
    return []


def _is_asked_of_all(seen: Seen) -> bool:
    return all(np.mean([not cell for cell in pair.now.cells]) <= FEW_BLANKS for pair in seen.pairs)
