"""Answers that look exchanged: a scale that runs the other way than in the wave before, or two codes swapped.

The shares of two neighbouring waves are compared as they stand, and with the newer wave's answers in another order.
Where another order fits far better than the one that was delivered, and the waves are further apart than by chance, the
order is the likely reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy.special import chdtrc

# What may pass for chance, and how much nearer another order has to bring the waves.
FAR_BEYOND_CHANCE = 1e-6
WITHIN_CHANCE = 0.01
NEARER = 0.15
# Part of the answers that both waves must offer to be compared by them, such as all but a new midpoint.
SHARED = 0.6
COLUMNS = ["survey", "year", "item", "size", "year_before", "apart", "apart_turned", "turned", "moved"]


@dataclass(frozen=True)
class Shares:
    """Shares of an item's answers in one wave.

    Args:
        year: The wave.
        answers: Answer ids in their order.
        p: Their shares, 0 to 1.
        n: Effective number of respondents behind them.
        exclusive: Whether a respondent gives one answer, so that the shares sum to 1.
    """

    year: int
    answers: tuple[str, ...]
    p: np.ndarray
    n: float
    exclusive: bool


def _far(before: Shares, p: np.ndarray, n: float) -> float:
    """Pearson's statistic of two sets of shares."""
    pooled = (before.p * before.n + p * n) / (before.n + n)
    variance = (pooled if before.exclusive else pooled * (1 - pooled)) * (1 / before.n + 1 / n)
    gaps = (before.p - p) ** 2
    return float(np.divide(gaps, variance, out=np.where(gaps > 0, np.inf, 0.0), where=variance > 0).sum())


def _points(before: Shares, p: np.ndarray) -> float:
    """How far two sets of shares are apart, in points: the part that would have to change its answer."""
    gaps = 100 * np.abs(before.p - p)
    return float(gaps.sum() / 2 if before.exclusive else gaps.max())


def _orders(newer: Shares) -> Iterator[tuple[str, np.ndarray]]:
    """Other orders of the answers, each with its name."""
    size = len(newer.p)
    if newer.exclusive and size > 2:
        yield "the scale runs the other way", newer.p[::-1]
    if not newer.exclusive:
        yield "ticked and not ticked are exchanged", 1 - newer.p
    for one, other in combinations(range(size), 2):
        order = np.arange(size)
        order[[one, other]] = other, one
        yield f"{newer.answers[one]} and {newer.answers[other]} are exchanged", newer.p[order]


def compared(before: Shares, newer: Shares) -> tuple[float, float, str]:
    """Compare two waves.

    Args:
        before: The wave before.
        newer: The wave, with the same answers.

    Returns:
        Points that the waves are apart, points that they would be apart in the order that fits best, and that order's
        name, which is empty where the delivered order is the likely one.
    """
    freedom = max(len(newer.p) - int(newer.exclusive), 1)
    apart, straight = _points(before, newer.p), _far(before, newer.p, newer.n)
    if not chdtrc(freedom, straight) < FAR_BEYOND_CHANCE:
        return apart, apart, ""
    orders = ((_far(before, p, newer.n), name, p) for name, p in _orders(newer))
    best, turned, p = min(orders, key=lambda order: order[0])
    if best > NEARER * straight and not chdtrc(freedom, best) > WITHIN_CHANCE:
        return apart, apart, ""
    return apart, _points(before, p), turned


def _on_shared(before: Shares, newer: Shares) -> tuple[Shares, Shares] | None:
    """Two waves on the answers that both offer; nothing where those are too few."""
    shared = [answer for answer in newer.answers if answer in before.answers]
    if len(shared) < max(2, SHARED * max(len(before.answers), len(newer.answers))):
        return None
    found = []
    for wave in (before, newer):
        p = np.array([wave.p[wave.answers.index(answer)] for answer in shared])
        part = p.sum() if wave.exclusive else 1.0
        if part <= 0:
            return None
        found.append(Shares(wave.year, tuple(shared), p / part, wave.n * part, wave.exclusive))
    return found[0], found[1]


def _waves(rows: pd.DataFrame) -> list[Shares]:
    """Shares of one item among all who answered it, wave by wave."""
    return [
        Shares(
            year=int(year),
            answers=tuple(answers["answer"]),
            p=answers["share"].to_numpy(dtype=float),
            n=float(answers["n_eff"].iloc[0]),
            exclusive=bool(answers["answers_add_up"].iloc[0]),
        )
        for year, answers in rows.groupby("year", sort=True)
    ]


def turned_scales(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare the waves of every item with the wave before, on the answers that both offer.

    Args:
        rows: One row per survey, item, year and answer that takes a position, in the order of the answers: `share`
            (0 to 1), `n_eff` of the base and `answers_add_up`.

    Returns:
        One row per survey, item and pair of waves. `size`: two_answers or more_answers. `moved`: points that they are
        apart where an order looks exchanged, else 0.
    """
    found = []
    for (survey, item), answers in rows.groupby(["survey", "item"], sort=True):
        waves = _waves(answers)
        for before, newer in pairwise(waves):
            pair = _on_shared(before, newer)
            if pair:
                apart, apart_turned, turned = compared(*pair)
                size = "two_answers" if len(pair[0].p) == 2 else "more_answers"
                moved = apart if turned else 0.0
                found.append((survey, newer.year, item, size, before.year, apart, apart_turned, turned, moved))
    return pd.DataFrame(found, columns=COLUMNS)
