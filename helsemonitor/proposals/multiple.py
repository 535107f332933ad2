"""Questions of one answer that became questions of several: a box for each answer where one column stood."""

from collections.abc import Mapping, Sequence

from helsemonitor.codebook.reading import Row
from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.comparison import Comparison
from helsemonitor.landing.profiles import Profile
from helsemonitor.proposals.draft import Draft
from helsemonitor.proposals.lists import new_answer, set_for_more
from helsemonitor.proposals.new_items import Question, map_option, option_labels, questions
from helsemonitor.proposals.register import SHARES, Change, register

# Likeness of what a box and an answer are called that is no chance, and part of them that have to be alike.
SAME_ANSWER, SAME_OPTIONS = 0.75, 0.6


def _same_answer(label: str, answers: Mapping[str, Row]) -> str:
    """The answer that a box is called as; empty where none is called so."""
    likeness = {
        answer: max(same_words(label, row["label_no"]), same_words(label, row["label_en"]))
        for answer, row in answers.items()
    }
    best = max(likeness, key=lambda answer: likeness[answer], default="")
    return best if best and likeness[best] >= SAME_ANSWER else ""


def _may_be_several(draft: Draft, item: str) -> bool:
    """Whether all indicators of an item are shares of one answer, which an item of several answers has, too."""
    return all(
        row["kind"] == SHARES and len(row.parts("answers")) == 1 and row["denominator"] == "answered"
        for row in draft.book.rows("indicators")
        if (row["survey"], row["item"]) == (draft.survey, item)
    )


def became_multiple(
    draft: Draft, comparison: Comparison, rows: Mapping[str, tuple[str, str]], new: Sequence[Profile]
) -> tuple[tuple[Profile, ...], list[tuple[str, Question]]]:
    """Find questions of one answer that are boxes now, by what answers and boxes are called.

    Args:
        draft: The codebook.
        comparison: The delivered file against the wave before.
        rows: Column of the wave before -> item and option.
        new: Delivered columns that no column of the wave before is like.

    Returns:
        The columns that are left, and item and boxes of each such question.
    """
    gone = {rows[column.name][0] for column in comparison.found.gone if column.name in rows}
    gone = {item for item in gone if _may_be_several(draft, item)}
    still = {pair.item for pair in comparison.found.pairs}
    left, found = list(new), []
    for question in questions(new, comparison.delivery):
        if question.kind != "multi":
            continue
        _, labels = option_labels(question)
        for item in sorted(gone - still - {item for item, _ in found}):
            answers = draft.book.answers_of(draft.survey, item)
            same = [_same_answer(label, answers) for label in labels]
            if sum(map(bool, same)) >= SAME_OPTIONS * max(len(labels), len(answers)):
                found.append((item, question))
                left = [column for column in left if column not in question.columns]
                break
    return tuple(left), found


def make_multiple(draft: Draft, item: str, question: Question) -> None:
    """Let boxes hold a question of one answer from this wave on.

    Args:
        draft: The codebook.
        item: The question's item; it becomes one of several answers in all waves.
        question: The boxes.
    """
    row = draft.book.items[draft.survey, item]
    draft.change("items", row, type="multi")
    labels, answers = option_labels(question)[1], draft.book.answers_of(draft.survey, item)
    answer_set = set_for_more(draft, item, [label for label in labels if not _same_answer(label, answers)])
    held: list[str] = []
    for column, label in zip(question.columns, option_labels(question)[1], strict=True):
        answers = {
            answer: row for answer, row in draft.book.answers_of(draft.survey, item).items() if answer not in held
        }
        after = held[-1] if held else ""
        same = _same_answer(label, answers)
        held.append(same or new_answer(draft, answer_set, label, after, column.name, held))
        map_option(draft, question, column, item, held[-1])
    register(draft, [item], [Change("single_to_multiple", ", ".join(column.name for column in question.columns))])
