"""Questions that an older wave asked, the wave before did not, and the delivered one asks again."""

from helsemonitor.codebook.reading import Row
from helsemonitor.landing.alignment import same_words
from helsemonitor.landing.difference import Pair
from helsemonitor.landing.profiles import Profile
from helsemonitor.landing.sibling import as_profile
from helsemonitor.landing.universes import Told
from helsemonitor.proposals.continuing import Seen, continue_item
from helsemonitor.proposals.draft import Draft
from helsemonitor.proposals.register import Change

# Likeness of the texts of a new column and of a question of long ago from which on they are one.
SAME_QUESTION = 0.9


def former_row(draft: Draft, column: Profile) -> Row | None:
    """The newest row of columns.csv of the question that a new column is called as, of those that the wave lacks."""
    book = draft.book
    has = {row["item"] for row in book.columns_of(draft.survey, draft.year).values()}
    found: dict[str, Row] = {}
    for row in book.rows("columns"):
        is_whole = row["survey"] == draft.survey and row["item"] and not row["option"] and not row["ignored_reason"]
        if is_whole and row["item"] not in has and any(year < draft.year for year in book.years_of(row)):
            known = found.setdefault(row["item"], row)
            found[row["item"]] = max(known, row, key=lambda one: max(book.years_of(one), default=0))
    likeness = {
        item: max(same_words(column.label, book.items[draft.survey, item][name]) for name in ("label_no", "label_en"))
        for item in found
    }
    best = max(likeness, key=lambda item: likeness[item], default="")
    return found[best] if best and likeness[best] >= SAME_QUESTION else None


def return_item(draft: Draft, column: Profile, row: Row, told: Told) -> list[Change]:
    """Let a column hold a question of an older wave again.

    Args:
        draft: The codebook.
        column: The delivered column.
        row: The question's newest row of columns.csv.
        told: Who is asked.

    Returns:
        What the register has to know.
    """
    before = as_profile(draft.book, draft.survey, row, row["column_name"], [])
    answers = draft.book.answers_of(draft.survey, row["item"])
    meant = {code["code"]: code["answer"] for code in draft.book.code_lists.get(row["code_list"], [])}
    kinds = {code: answers[answer]["answer_kind"] for code, answer in meant.items() if answer in answers}
    return continue_item(draft, Seen(row["item"], (Pair(before, column, row, kinds, tuple(kinds)),), ()), told)
