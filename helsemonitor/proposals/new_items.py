"""Items, answers and code lists drafted for columns that the codebook does not know."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from helsemonitor.codebook.book import SELECTED
from helsemonitor.codebook.reading import Row
from helsemonitor.landing.delivery import Delivery, ResponseSet
from helsemonitor.landing.difference import as_number, in_order, looks_like_code
from helsemonitor.landing.filters import simplest_clause
from helsemonitor.landing.profiles import Profile, plain_label, stem_of
from helsemonitor.limits import limit_for, limits_of
from helsemonitor.proposals.continuing import map_column, route
from helsemonitor.proposals.draft import Draft, new_name
from helsemonitor.proposals.lists import NO_ANSWER_CODE, Code, list_with, new_answer, set_for_more
from helsemonitor.proposals.words import slug

NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
BOXES = ({"0", "1"}, {"1"})
# Part of the respondents whose points have to sum to 100, and how many codes a question of codes has at most.
SUMS, MOST_CODES = 0.95, 25
# Codes from 0 on without labels are a scale of numbers from so many steps on; from 1 on they may be anything.
SCALE_STEPS = 7
# So many steps of a scale have words at most where its ends, and perhaps its middle, are called something.
NAMED_STEPS = 3
# The highest step of a scale; what goes on beyond is a count. Codes from here on are for no answer.
LONGEST_SCALE, LARGEST_STEP = 10, 90
WHOLE_BAR = 100
BLANK_REASON = "blank for everybody in its first wave"


@dataclass(frozen=True)
class Question:
    """Columns that are one question.

    Args:
        kind: `multi`, `allocation`, `single`, `scale`, `number`, `open` or `blank`.
        columns: Its columns.
        label: Text of the question; empty where the file has none.
        ticked: Code of a ticked box, where the file says it.
        battery: What the names of the questions that it stands among begin with; empty where it stands alone.
    """

    kind: str
    columns: tuple[Profile, ...]
    label: str = ""
    battery: str = ""
    ticked: str = ""


def is_box(column: Profile) -> bool:
    """Whether the cells are a tick or none."""
    return set(column.counts) in BOXES


def _numbers(column: Profile) -> np.ndarray:
    return np.array([float(cell.replace(",", ".")) if NUMBER.fullmatch(cell) else np.nan for cell in column.cells])


def _sums_to_whole(columns: Sequence[Profile]) -> bool:
    if len(columns) < 2:
        return False
    points = np.array([_numbers(column) for column in columns])
    answered = ~np.isnan(points).all(axis=0)
    if not answered.any():
        return False
    sums = np.nansum(points, axis=0)[answered]
    return bool(np.mean(np.abs(sums - WHOLE_BAR) <= 1) >= SUMS)


def _kind_of_one(column: Profile) -> str:
    """What a column alone is, by its cells; labels on some of its codes alone do not make it a list."""
    if not column.counts:
        return "blank"
    # What is called by its own digits has no name.
    named = {code for code, label in column.labels.items() if plain_label(label) != code}
    bare = [code for code in column.counts if code not in named and code not in column.missing]
    if named and not bare:
        return "single"
    numbers = [as_number(code) for code in bare]
    steps = sorted(number for number in numbers if number is not None and abs(number) < LARGEST_STEP)
    is_number = all(NUMBER.fullmatch(cell) for cell in bare)
    is_run = is_number and len(steps) >= SCALE_STEPS - 2 and steps[-1] - steps[0] < len(steps) + 3
    if is_run and len(column.counts) >= SCALE_STEPS and steps[0] in (0, 1) and steps[-1] <= LONGEST_SCALE:
        # From 1 on, codes that nobody names may be anything; words at the ends make them steps.
        ends = {code for code in named if (number := as_number(code)) is not None and 0 <= number <= LONGEST_SCALE}
        if steps[0] == 0 or (ends and len(ends) <= NAMED_STEPS) or "0" in ends:
            return "scale"
    is_count = is_run and steps[0] == 0 and steps[-1] > LONGEST_SCALE
    if is_number and (len(bare) > MOST_CODES or is_count):
        return "number"
    if len(bare) > MOST_CODES or not all(looks_like_code(cell, column.counts[cell]) for cell in bare):
        return "open"
    return "single"


def _runs(columns: Sequence[Profile], sets: Mapping[str, ResponseSet]) -> list[list[Profile]]:
    """Columns that stand together and belong together: a set of the file, or boxes, or no boxes, of one name."""
    runs: list[list[Profile]] = []
    last = None
    for column in columns:
        group = sets.get(column.name)
        key = (group.name, True) if group else (stem_of(column.name) or column.name, is_box(column))
        if key == last:
            runs[-1].append(column)
        else:
            runs.append([column])
        last = key
    return runs


def _are_options(run: Sequence[Profile]) -> bool:
    """Whether boxes are options of one question, and not questions of yes and no that stand in a row."""
    are_named = any(len(column.labels) > 1 for column in run)
    return all(is_box(column) for column in run) and not (are_named and not _beginning([one.label for one in run]))


def questions(columns: Sequence[Profile], delivery: Delivery) -> list[Question]:
    """Put columns together that are one question: the file's own sets, boxes of one name, points that sum to 100.

    Args:
        columns: The columns, in order.
        delivery: The file that they come from.
    """
    sets = {name: group for group in delivery.response_sets for name in group.columns if group.counted}
    found = []
    for run in _runs(columns, sets):
        group = sets.get(run[0].name)
        if len(run) > 1 and (group or _are_options(run)):
            told = {"label": group.label, "ticked": group.counted} if group else {}
            found.append(Question("multi", tuple(run), **told))
        elif _sums_to_whole(run):
            found.append(Question("allocation", tuple(run)))
        else:
            stem = stem_of(run[0].name)
            # `q` alone is what half of all columns begin with.
            battery = stem if len(run) > 1 and any(character.isdigit() for character in stem) else ""
            found += [Question(_kind_of_one(column), (column,), column.label, battery) for column in run]
    return found


def option_labels(question: Question) -> tuple[str, list[str]]:
    """What the columns of a question have in common in their texts, and what each is called beside it."""
    begins = question.label or _beginning([column.label for column in question.columns])
    labels = [column.label.removeprefix(begins).lstrip(" :-|?") or column.name for column in question.columns]
    return begins, labels


def _beginning(labels: Sequence[str]) -> str:
    """Words that all labels begin with, up to a colon or dash, as `Which did you use? - Telephone`."""
    first, last = min(labels), max(labels)
    shared = next((place for place, letter in enumerate(first) if letter != last[place : place + 1]), len(first))
    cut = max(first.rfind(mark, 0, shared) for mark in (": ", " - ", "? ", "| "))
    # A question keeps its mark.
    return first[: cut + (first[cut] == "?")].strip() if cut > 0 else ""


def _item_of(draft: Draft, question: Question, kind: str, answer_set: str) -> str:
    """Add the row of a new item."""
    taken = {item for survey, item in draft.book.items if survey == draft.survey}
    column = question.columns[0].name
    stem = stem_of(column) if len(question.columns) > 1 else ""
    label = question.label or stem or column
    name = new_name(slug(question.label) or slug(stem or column) or "item", taken)
    # A set of that name may be another question's, or another survey's.
    own = new_name(name, draft.book.answer_sets) if kind != "number" else ""
    draft.add("items", item=name, type=kind, answer_set=answer_set or own, label_no=label)
    return name


def _set_for(draft: Draft, labels: Sequence[str]) -> str:
    """An answer set that has all of some labels, the smallest one; empty where there is none."""
    wanted = {plain_label(label) for label in labels} - {""}
    fitting = []
    for name, answers in draft.book.answer_sets.items():
        known = {
            plain_label(row[column]) for row in answers.values() for column in ("label_no", "label_en") if row[column]
        }
        if wanted <= known and name != "selected":
            fitting.append((len(answers), name))
    return min(fitting)[1] if fitting and wanted else ""


def _set_of_battery(draft: Draft, question: Question, codes: Sequence[str]) -> str:
    """The answer set of another question of the same battery with the same codes; empty where there is none."""
    for row in draft.holding("columns"):
        if question.battery and stem_of(row["column_name"]) == question.battery and row["item"] and not row["option"]:
            listed = draft.book.code_lists.get(row["code_list"], [])
            if {code["code"] for code in listed if not code["answer"].startswith("_")} == set(codes):
                return draft.book.items[draft.survey, row["item"]]["answer_set"]
    return ""


def _codes_of(column: Profile) -> tuple[list[tuple[str, str]], list[str]]:
    """Codes with what they are called, in order, and codes for no answer."""
    codes = in_order({*column.counts, *column.labels})
    numbers = {code: as_number(code) for code in codes}
    if column.labels and None in numbers.values():
        codes = [*column.labels, *(code for code in codes if code not in column.labels)]
    missing = [code for code in codes if code in column.missing]
    # Codes far above the others that nobody names are those that institutes use for no answer.
    high = [
        code
        for code in codes
        if (number := numbers[code]) is not None
        and code not in column.labels
        and re.fullmatch("9+[0-9]?|-[0-9]+", code)
        and abs(number) > 2 * len(codes)
    ]
    missing = list(dict.fromkeys([*missing, *high]))
    return [(code, column.labels.get(code, "")) for code in codes if code not in missing], missing


def _draft_single(draft: Draft, question: Question) -> str:
    (column,) = question.columns
    codes, missing = _codes_of(column)
    labels = [label or code for code, label in codes]
    is_labelled = all(label for _, label in codes)
    answer_set = (
        _set_for(draft, labels) if is_labelled else _set_of_battery(draft, question, [code for code, _ in codes])
    )
    may_share = bool(answer_set) or is_labelled
    item = _item_of(draft, question, question.kind, answer_set)
    answer_set = answer_set or draft.book.items[draft.survey, item]["answer_set"]
    listed: list[Code] = []
    by_label: dict[str, str] = {}
    after = ""
    for (code, label), called in zip(codes, labels, strict=True):
        # Two codes that are called alike are one answer.
        after = by_label.get(plain_label(called)) or new_answer(
            draft, answer_set, called, after, code, list(by_label.values())
        )
        by_label[plain_label(called)] = after
        listed.append(Code(code, after, label))
        row = draft.book.answer_sets[answer_set][after]
        if question.kind == "scale" and not row["numeric_value"] and row["answer_kind"] == "substantive":
            draft.change("answers", row, numeric_value=code)
    listed += [Code(code, NO_ANSWER_CODE, column.labels.get(code, "")) for code in missing]
    map_column(draft, column.name, item, "", list_with(draft, listed, answer_set, may_share))
    return item


def boxes_list(draft: Draft, question: Question) -> str:
    """The code list of a question's boxes, added where the codebook has none: one code ticks, the others do not."""
    ticked = question.ticked or "1"
    codes = {code for column in question.columns for code in column.counts}
    missing = {code for column in question.columns for code in column.missing if code in codes}
    wanted = dict.fromkeys(codes - {ticked} or {"0"}, SELECTED[1])
    wanted |= {**dict.fromkeys(missing, NO_ANSWER_CODE), ticked: SELECTED[0]}
    lists = draft.book.code_lists
    for name, rows in lists.items():
        if {row["code"]: row["answer"] for row in rows} == wanted:
            return name
    name = new_name("selected", set(lists))
    for code in in_order(wanted):
        draft.add("code_lists", code_list=name, code=code, answer=wanted[code], label="")
    return name


def _draft_several(draft: Draft, question: Question) -> str:
    """An item whose options are columns: boxes, or channels with points."""
    begins, labels = option_labels(question)
    item = _item_of(draft, replace(question, label=begins), question.kind, "")
    answer_set = draft.book.items[draft.survey, item]["answer_set"]
    answers: list[str] = []
    for column, label in zip(question.columns, labels, strict=True):
        after = answers[-1] if answers else ""
        answers.append(new_answer(draft, answer_set, label, after, column.name, answers))
        map_option(draft, question, column, item, answers[-1])
    return item


def map_option(draft: Draft, question: Question, column: Profile, item: str, answer: str) -> None:
    """Let a column of a question be an option of an item."""
    is_boxes = question.kind == "multi"
    ticks_only = is_boxes and len({code for other in question.columns for code in other.counts}) < 2
    code_list = boxes_list(draft, question) if is_boxes else ""
    map_column(draft, column.name, item, answer, code_list, SELECTED[1] if ticks_only else "")


def add_option(draft: Draft, column: Profile, like: Row, texts: Sequence[str]) -> str:
    """A new option of a question that goes on, in a column of its own.

    Args:
        draft: The codebook.
        column: The delivered column.
        like: Row of columns.csv of another option of the question.
        texts: Texts of the question's other delivered columns.

    Returns:
        The item.
    """
    item = like["item"]
    label = column.label.removeprefix(_beginning([column.label, *texts])).lstrip(" :-|?") or column.name
    answer_set = set_for_more(draft, item, [label])
    order = sorted(draft.book.answer_sets[answer_set].values(), key=lambda row: int(row["sort_order"]))
    held = [row["option"] for row in draft.holding("columns", item=item)]
    answer = new_answer(draft, answer_set, label, order[-1]["answer"], column.name, held)
    map_column(draft, column.name, item, answer, like["code_list"], like["blank_means"])
    return item


def _leave_out(draft: Draft, question: Question, reason: str) -> str:
    """Leave a column out by its name; one whose name would be a pattern holds an open text, which nobody counts.

    Returns:
        The item of the open text; empty where the column is left out.
    """
    (column,) = question.columns
    if not set(column.name) & set("*?["):
        draft.add("columns", column_name=column.name, ignored_reason=reason, **draft.opened)
        return ""
    item = _item_of(draft, question, "open", "")
    draft.change("items", draft.book.items[draft.survey, item], answer_set="")
    map_column(draft, column.name, item, "", "")
    return item


def _draft_number(draft: Draft, question: Question) -> str:
    """An item of numbers; codes with a label, or that the file calls missing, are none."""
    (column,) = question.columns
    item = _item_of(draft, question, "number", "")
    missing = in_order({*column.labels, *column.missing})
    codes = [Code(code, NO_ANSWER_CODE, column.labels.get(code, "")) for code in missing]
    map_column(draft, column.name, item, "", list_with(draft, codes, f"{item}_missing") if codes else "")
    _allow_numbers(draft, item, [float(cell.replace(",", ".")) for cell in column.counts if cell not in missing])
    return item


def _allow_numbers(draft: Draft, item: str, numbers: Sequence[float]) -> None:
    """Limits for an item whose numbers lie beyond those that hold for all: from the lowest to twice the highest."""
    limits = limits_of(draft.book.rows("limits"))
    place = (draft.survey, draft.year, ["number", item])
    wanted = {}
    if numbers and min(numbers) < limit_for(limits, "number_low", *place):
        wanted["number_low"] = f"{min(numbers):g}"
    if numbers and max(numbers) > limit_for(limits, "number_high", *place):
        wanted["number_high"] = f"{2 * max(numbers):.0f}"
    for check_name, value in wanted.items():
        draft.add(
            "limits",
            check_name=check_name,
            survey=draft.survey,
            name=item,
            value=value,
            unit="the item's own unit",
            since=date.today().isoformat(),  # noqa: DTZ011 - the day on which somebody wrote the limit
            reason=f"Proposed from the numbers of {draft.year}; write what they cannot be.",
        )


def _indicators(draft: Draft, item: str) -> None:
    """Indicators of a new item: those of another item with the same answers, else what its type always has."""
    book, row = draft.book, draft.book.items[draft.survey, item]
    taken = {indicator["indicator"] for indicator in book.rows("indicators") if indicator["survey"] == draft.survey}
    ours = [indicator for indicator in book.rows("indicators") if indicator["survey"] == draft.survey]
    alike = [
        indicator["item"]
        for indicator in ours
        if (other := book.items[draft.survey, indicator["item"]])["answer_set"] == row["answer_set"]
        and other["type"] == row["type"]
    ]
    like = alike[0] if alike and row["answer_set"] else ""
    label = row["label_no"]
    for indicator in ours:
        if like and indicator["item"] == like:
            ending = indicator["indicator"].removeprefix(like).strip("_")
            said = (
                indicator["label_no"].rsplit(": ", 1)[-1] if ": " in indicator["label_no"] else ending.replace("_", " ")
            )
            cells = {
                **indicator,
                "indicator": new_name(f"{item}_{ending}", taken),
                "item": item,
                "label_no": f"{label.rstrip('?:. ')}: {said}",
                "label_en": "",
            }
            draft.add("indicators", **cells)
    if like:
        return
    usual = {"item": item, "denominator": "answered", "direction": "neutral"}
    if row["type"] in ("multi", "allocation"):
        for answer, known in book.answers_of(draft.survey, item).items():
            is_share = row["type"] == "multi"
            draft.add(
                "indicators",
                indicator=new_name(f"{item}_{answer}{'' if is_share else '_mean'}", taken),
                kind="share" if is_share else "mean",
                answers=answer,
                unit="percent" if is_share else "points",
                label_no=f"{label}: {known['label_no']}",
                **usual,
            )
    elif row["type"] == "number":
        draft.add(
            "indicators", indicator=new_name(f"{item}_mean", taken), kind="mean", unit="number", label_no=label, **usual
        )


def draft_question(
    draft: Draft, question: Question, columns: Sequence[Profile], holds: Mapping[str, tuple[str, str]]
) -> str:
    """Draft what the codebook says of a new question.

    Args:
        draft: The codebook.
        question: The question.
        columns: All delivered columns, any of which may route it.
        holds: Delivered column -> item and option, of those that the codebook knows.

    Returns:
        The item; empty where the columns are left out.
    """
    if question.kind == "open" or question.kind == "blank":
        reason = "open text is never read into the warehouse" if question.kind == "open" else BLANK_REASON
        return _leave_out(draft, question, reason)
    if question.kind in ("multi", "allocation"):
        item = _draft_several(draft, question)
    elif question.kind == "number":
        item = _draft_number(draft, question)
    else:
        item = _draft_single(draft, question)
    routing = [column for column in columns if column.name in holds and holds[column.name][0] != item]
    # Of a set it is enough to have answered any column: the others may hold ticks alone.
    answered = ["1" if any(cells) else "" for cells in zip(*(column.cells for column in question.columns), strict=True)]
    clause = simplest_clause(replace(question.columns[0], cells=answered), routing)
    if clause is not None:
        route(draft, [item], clause, holds)
    _indicators(draft, item)
    return item
