"""Who was asked a question, inferred from who answered: the simplest clause that explains the blanks.

A clause says that the question goes to those who gave one of some answers to one other question. It is the one-split
search of a decision tree over codes, so that it finds what a routing arrow of a questionnaire says, and nothing finer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from helsemonitor.landing.profiles import Profile

# A routing question has few answers.
MOST_ANSWERS = 30
# Part of the respondents whose blank or answer a clause must foretell, and how much better than a guess it must be.
EXPLAINED, BETTER_BY = 0.98, 0.02
# Respondents that a clause must leave out where others of those asked are blank, too: as a part, and as a number.
LEFT_OUT, FEWEST_LEFT_OUT = 0.01, 30


@dataclass(frozen=True)
class Clause:
    """Who was asked.

    Args:
        column: The column that routes.
        codes: Its codes that lead to the question.
        explained: Share of respondents whose blank or answer it foretells, 0 to 1.
    """

    column: str
    codes: frozenset[str]
    explained: float


def _split(column: Profile, is_blank: np.ndarray) -> Clause | None:
    """The split of one column's answers that foretells most; None where it leaves nobody out, or asks the blank."""
    codes, place = column.numbered
    blanks = np.bincount(place, weights=is_blank, minlength=len(codes))
    rows = np.bincount(place, minlength=len(codes))
    leads = blanks * 2 < rows
    asked = frozenset(code for code, leads_on in zip(codes, leads, strict=True) if leads_on)
    told_apart = {code for code in codes if code} - asked
    # Blank where the other is blank: both were routed alike, and neither routes the other.
    if not asked or "" in asked or not told_apart:
        return None
    return Clause(column.name, asked, float(np.where(leads, rows - blanks, blanks).sum() / rows.sum()))


def simplest_clause(question: Profile, others: Iterable[Profile]) -> Clause | None:
    """Find the clause that explains who left a question blank.

    Args:
        question: The question.
        others: Columns that may route it, those of the questionnaire before it first.

    Returns:
        The clause that foretells most, of equals the one that stands first; None where blanks are too few or too many
        to tell, or no clause explains them.
    """
    is_blank = np.array([not cell for cell in question.cells], dtype=bool)
    guess = max(is_blank.mean(), 1 - is_blank.mean()) if is_blank.size else 1.0
    found: Sequence[Clause] = [
        clause
        for column in others
        if column.name != question.name and len(column.counts) <= MOST_ANSWERS
        if (clause := _split(column, is_blank)) is not None
    ]
    best = max(found, key=lambda clause: clause.explained, default=None)
    if best is None or best.explained < EXPLAINED or best.explained < guess + min(BETTER_BY, (1 - guess) / 2):
        return None
    return best


def clause_beside_blanks(question: Profile, others: Iterable[Profile], asked: np.ndarray) -> Clause | None:
    """Find the clause that leaves out people who never answer, where many of those whom it asks are blank as well.

    Args:
        question: The question.
        others: Columns that may route it, those of the questionnaire before it first.
        asked: Whom the codebook asks; shape (respondents,).

    Returns:
        The clause that leaves out most, of equals the one that stands first; None where none leaves out enough.
    """
    is_blank = np.array([not cell for cell in question.cells], dtype=bool)[asked]
    least = max(FEWEST_LEFT_OUT, LEFT_OUT * is_blank.size)
    found: list[tuple[int, Clause]] = []
    for column in others:
        if column.name == question.name or len(column.counts) > MOST_ANSWERS:
            continue
        codes, place = column.numbered
        rows = np.bincount(place[asked], minlength=len(codes))
        blanks = np.bincount(place[asked], weights=is_blank, minlength=len(codes))
        answers = np.array([bool(code) for code in codes])
        is_out, is_asked = answers & (blanks >= EXPLAINED * rows), answers & (2 * blanks < rows)
        left_out = int(rows[is_out].sum())
        # Where the people of an answer are partly blank, the column does not route.
        if left_out >= least and is_asked.any() and np.all(rows[answers & ~is_out & ~is_asked] == 0):
            told = frozenset(code for code, leads in zip(codes, is_asked, strict=True) if leads)
            foretold = blanks[is_out].sum() + (rows - blanks)[is_asked].sum()
            found.append((left_out, Clause(column.name, told, float(foretold / rows.sum()))))
    return max(found, key=lambda one: one[0], default=(0, None))[1]
