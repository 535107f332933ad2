"""Which column of a delivered wave is which of the wave before, whatever the columns are called.

Questionnaires keep their order when an institute renames and renumbers them, so the columns are aligned as sequences
are: the alignment with the highest sum of likenesses (Needleman and Wunsch, 1970). Two columns are alike where their
answers have like shares, their blanks are as many, and names, question texts and labels agree; a name by itself decides
nothing, since `q5` may be another question next year.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from helsemonitor.landing.difference import as_number
from helsemonitor.landing.profiles import Profile, plain_label, stem_of

# How much each likeness says; found on the neighbouring waves of two surveys, see docs/add_a_wave.md.
LIKE, OTHER_SHARES, UNKNOWN_CODES, OTHER_BLANKS, SAME_NAME, SAME_TEXT = 2.0, 4.0, 2.0, 0.7, 0.4, 1.5
# What it costs that one answer is new and the codes after it moved up, so that no other question of like answers is it.
ONE_MORE = 1.15
# Columns of codes and of free cells are never the same; a column alone costs a little.
NEVER, ALONE = -5.0, -0.35
# Part of the likeness in any order that an alignment in order has where the order was kept.
ORDER_KEPT = 0.85
# What columns of a battery that kept their names have at least where they are the same.
KEPT = 2.0
# A column that left its place is so like another one, and so much more than any other that is left.
MOVED, MORE_THAN_OTHERS = 1.8, 0.3
# From here on two texts say the same.
SAME_WORDS = 0.6
# Letters from which on texts are compared word by word, and words beyond which only the first and the last half count.
LONG_TEXT, MOST_WORDS = 60, 60


@dataclass(frozen=True)
class Match:
    """Two columns that are the same question.

    Args:
        before: Place of the column in the wave before.
        now: Place in the delivered wave.
        likeness: Sum of the likenesses; 2 where the answers are the same and nothing else is known, below 0 where it is
            nothing but the name.
    """

    before: int
    now: int
    likeness: float


def _matrix(columns: Sequence[Profile], by_label: bool, keys: Sequence[str]) -> np.ndarray:
    place = {key: number for number, key in enumerate(keys)}
    found = np.zeros((len(columns), len(keys)))
    for row, column in enumerate(columns):
        if column.holds_codes:
            for key, share in column.shares(by_label).items():
                found[row, place[key]] = share
    return found


def _apart(before: Sequence[Profile], now: Sequence[Profile], by_label: bool) -> np.ndarray:
    """Part of the respondents who would have to answer otherwise, 0 to 1, for every pair of columns."""
    coded = [column for column in (*before, *now) if column.holds_codes]
    keys = sorted({key for column in coded for key in column.shares(by_label)})
    if not keys:
        return np.zeros((len(before), len(now)))
    return cdist(_matrix(before, by_label, keys), _matrix(now, by_label, keys), "cityblock") / 2


def _unknown(before: Sequence[Profile], now: Sequence[Profile]) -> np.ndarray:
    """Share of cells that the codes of the wave before do not hold, for every pair; 0 where every cell is welcome."""
    found = np.zeros((len(before), len(now)))
    shares = [column.shares() if column.holds_codes and not column.labels else {} for column in now]
    for row, column in enumerate(before):
        if column.codes:
            for place, cells in enumerate(shares):
                found[row, place] = sum(share for code, share in cells.items() if code not in column.codes)
    return found


def _in_number_order(codes: Collection[str]) -> list[str]:
    """Codes in order; none where one of them is no number."""
    return [] if any(as_number(code) is None for code in codes) else sorted(codes, key=int)


def _apart_but_for_one(before: Sequence[Profile], now: Sequence[Profile]) -> np.ndarray:
    """As `_apart`, if one code is a new answer and the later ones moved up; infinite where there is not one more."""
    found = np.full((len(before), len(now)), np.inf)
    old = [_in_number_order(column.codes) if column.holds_codes else [] for column in before]
    new = [_in_number_order(column.counts) if column.holds_codes and not column.labels else [] for column in now]
    was = [
        np.array([column.shares().get(code, 0.0) for code in codes]) for column, codes in zip(before, old, strict=True)
    ]
    for place, (column, codes) in enumerate(zip(now, new, strict=True)):
        shares = np.array([column.shares()[code] for code in codes])
        # Each row leaves another answer out, and the others share what is left.
        left = np.array([np.delete(shares, number) for number in range(len(shares))])
        for row, others in enumerate(was):
            if 3 <= len(others) == len(codes) - 1:
                rest = left / left.sum(axis=1, keepdims=True).clip(min=1e-9) * others.sum()
                found[row, place] = np.abs(rest - others).sum(axis=1).min() / 2
    return found


def _words(text: str) -> list[str]:
    words = text.split()
    return words if len(words) <= MOST_WORDS else [*words[: MOST_WORDS // 2], *words[-MOST_WORDS // 2 :]]


def _alike(left: str, right: str) -> float:
    """How alike two plain texts are; by letters where both are short, as that takes the square of their length."""
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    if max(len(left), len(right)) > LONG_TEXT:
        return SequenceMatcher(None, _words(left), _words(right), autojunk=False).ratio()
    return SequenceMatcher(None, left, right, autojunk=False).ratio()


def same_words(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1; 0 where either is empty."""
    return _alike(plain_label(one), plain_label(other))


def likenesses(before: Sequence[Profile], now: Sequence[Profile]) -> np.ndarray:
    """Likeness of every column of the wave before (rows) with every delivered one (columns)."""
    labelled = np.array([bool(column.labels) for column in now], dtype=bool)
    apart = np.where(labelled, _apart(before, now, by_label=True), _apart(before, now, by_label=False))
    blanks = np.abs(
        np.subtract.outer([column.blank_share for column in before], [column.blank_share for column in now])
    )
    named = np.equal.outer([column.name for column in before], [column.name for column in now])
    labels = [plain_label(column.label) for column in before], [plain_label(column.label) for column in now]
    texts = np.array([[_alike(one, other) for other in labels[1]] for one in labels[0]])
    texts = np.where(texts >= SAME_WORDS, texts, 0.0)
    straight = LIKE - OTHER_SHARES * apart - UNKNOWN_CODES * _unknown(before, now)
    one_more = LIKE - OTHER_SHARES * _apart_but_for_one(before, now) - ONE_MORE
    found = np.maximum(straight, one_more) - OTHER_BLANKS * blanks
    found += SAME_NAME * named + SAME_TEXT * texts
    coded = [column.holds_codes for column in before], [column.holds_codes for column in now]
    return np.where(np.equal.outer(*coded), found, NEVER)


def _in_order(like: np.ndarray) -> list[tuple[int, int]]:
    """The pairs of the alignment with the highest sum of likenesses."""
    rows, columns = like.shape
    best = np.zeros((rows + 1, columns + 1))
    best[:, 0], best[0, :] = ALONE * np.arange(rows + 1), ALONE * np.arange(columns + 1)
    for row in range(1, rows + 1):
        above = np.maximum(best[row - 1, :-1] + like[row - 1], best[row - 1, 1:] + ALONE)
        for column in range(1, columns + 1):
            best[row, column] = max(above[column - 1], best[row, column - 1] + ALONE)
    found = []
    row, column = rows, columns
    while row and column:
        if best[row, column] == best[row - 1, column - 1] + like[row - 1, column - 1]:
            row, column = row - 1, column - 1
            found.append((row, column))
        elif best[row, column] == best[row - 1, column] + ALONE:
            row -= 1
        else:
            column -= 1
    return found


def _in_any_order(like: np.ndarray) -> list[tuple[int, int]]:
    """The pairs with the highest sum of likenesses, wherever the columns stand."""
    rows, columns = linear_sum_assignment(np.maximum(like, 0), maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if like[row, column] > 0]


def _with_moved(like: np.ndarray, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs in order, and those of columns that an institute put elsewhere; a pair of no likeness gives way to them."""
    good = [pair for pair in pairs if like[pair] >= 0]
    rows = [row for row in range(like.shape[0]) if row not in {row for row, _ in good}]
    columns = [column for column in range(like.shape[1]) if column not in {column for _, column in good}]
    for row in rows:
        for column in columns:
            others = [like[row, other] for other in columns if other != column]
            others += [like[other, column] for other in rows if other != row]
            if like[row, column] >= max([MOVED, *(other + MORE_THAN_OTHERS for other in others)]):
                good.append((row, column))
    taken = {row for row, _ in good}, {column for _, column in good}
    return good + [(row, column) for row, column in pairs if row not in taken[0] and column not in taken[1]]


def _by_name(
    before: Sequence[Profile], now: Sequence[Profile], pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Of the columns that are left, those of one name: whatever else differs is to be said of them."""
    taken = {row for row, _ in pairs}, {column for _, column in pairs}
    left = {column.name: place for place, column in enumerate(now) if place not in taken[1]}
    return [
        (place, left[column.name])
        for place, column in enumerate(before)
        if place not in taken[0] and column.name in left
    ]


def _with_batteries(
    before: Sequence[Profile], now: Sequence[Profile], like: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Pairs in which a battery whose columns all kept name and answers is itself, though one of it is new or gone.

    Its questions are alike, so that a row of small shifts makes as many pairs as there are, one more than there should.
    """
    place = {column.name: number for number, column in enumerate(now)}
    batteries: dict[str, list[tuple[int, int]]] = {}
    for row, column in enumerate(before):
        if column.name in place and stem_of(column.name):
            batteries.setdefault(stem_of(column.name), []).append((row, place[column.name]))
    kept = [
        pair
        for battery in batteries.values()
        if len(battery) > 1 and all(like[pair] >= KEPT for pair in battery)
        for pair in battery
    ]
    rows, columns = {row for row, _ in kept}, {column for _, column in kept}
    return [*kept, *(pair for pair in pairs if pair[0] not in rows and pair[1] not in columns)]


def likeness_in_order(before: Sequence[Profile], now: Sequence[Profile]) -> float:
    """Mean likeness of the columns before with those that they are aligned with; a column that is gone counts 0."""
    like = likenesses(before, now)
    return float(sum(like[pair] for pair in _in_order(like))) / max(len(before), 1) if like.size else 0.0


def align(before: Sequence[Profile], now: Sequence[Profile]) -> list[Match]:
    """Find the columns that are the same question.

    Args:
        before: Columns of the wave before, in order.
        now: Columns of the delivered wave, in order.

    Returns:
        The pairs, in the order of the wave before. Where keeping the order costs too much, it is not kept; else single
        columns may have left it.
    """
    like = likenesses(before, now)
    if not like.size:
        return []
    pairs, free = _in_order(like), _in_any_order(like)
    if sum(like[pair] for pair in pairs) < ORDER_KEPT * sum(like[pair] for pair in free):
        pairs = free
    pairs = _with_moved(like, pairs)
    pairs = _with_batteries(before, now, like, pairs)
    pairs += _by_name(before, now, pairs)
    return [Match(row, column, float(like[row, column])) for row, column in sorted(pairs)]
