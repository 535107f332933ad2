"""From probabilities to definite responses: a spread-out draw, then local moves until every condition is met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.events import FloatArray, IntArray
from synthetic.tilting import Conditions

GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
# A response less probable than this is never moved to: it stands for "impossible".
IMPOSSIBLE = 1e-9
# Price of an improbable response, in units of squared standardised residuals.
PLAUSIBILITY = 0.02
ROWS_A_STEP = 600
QUICK_STEPS = 400
REPAIR_STEPS = 120
PARTNERS = 24
# Weight of the aims, and of plausibility, beside the windows while repairing.
DRIFT = 1e-4
MAX_STALE = 8
DRAWS = 3
SETTLED = 1e-9


@dataclass(frozen=True)
class Windows:
    """Where the residual of each condition may end.

    Args:
        aim: Residual to aim at, shape (conditions,).
        low: Lower limit, shape (conditions,).
        high: Upper limit, shape (conditions,).
        unit: Size of a deviation that matters, shape (conditions,).
    """

    aim: FloatArray
    low: FloatArray
    high: FloatArray
    unit: FloatArray

    def excess(self, residual: FloatArray) -> FloatArray:
        """How far residuals lie outside their windows, in units; shape of `residual`."""
        return np.maximum(np.maximum(self.low - residual, residual - self.high), 0.0) / self.unit


def draw(probability: FloatArray, conditions: Conditions, generator: np.random.Generator) -> IntArray:
    """Draw one response each, evenly spread over respondents who count in the same conditions.

    Args:
        probability: Shape (respondents, patterns).
        conditions: Conditions whose respondent factors define who is alike.
        generator: Source of randomness.

    Returns:
        Pattern of each respondent, shape (respondents,).
    """
    count = len(probability)
    shuffled = generator.permutation(count)
    likeness = np.round(conditions.left[shuffled] != 0.0, 0)
    order = shuffled[np.lexsort(likeness.T)] if likeness.shape[1] else shuffled
    uniform = np.empty(count)
    uniform[order] = (generator.random() + GOLDEN * np.arange(count)) % 1.0
    steps = np.cumsum(np.round(probability, 9), axis=1)
    steps /= steps[:, [-1]]
    return (steps < uniform[:, None]).sum(axis=1).astype(np.int64)


def respond(
    probability: FloatArray, conditions: Conditions, windows: Windows, generator: np.random.Generator
) -> IntArray:
    """Draw responses, and move single respondents, then pairs, until every residual lies inside its window.

    Args:
        probability: Shape (respondents, patterns).
        conditions: Conditions.
        windows: Windows of their residuals.
        generator: Source of randomness.

    Returns:
        Pattern of each respondent, shape (respondents,): the first of a few draws that settles, or the nearest to it.
    """
    best, least = draw(probability, conditions, generator), np.inf
    if not conditions.count or not len(probability):
        return best
    for attempt in range(DRAWS):
        start = best if attempt == 0 else draw(probability, conditions, generator)
        search = _Search(start, probability, conditions, windows, generator)
        search.descend()
        search.repair()
        left = float(windows.excess(search.residual).sum())
        if left < least:
            best, least = search.choice, left
        if left <= SETTLED:
            break
    return best


class _Search:
    """State of the local search."""

    def __init__(
        self,
        choice: IntArray,
        probability: FloatArray,
        conditions: Conditions,
        windows: Windows,
        generator: np.random.Generator,
    ) -> None:
        self.choice = choice.copy()
        self.log_probability = np.round(np.log(np.maximum(probability, 1e-300)), 9)
        self.possible: NDArray[np.bool_] = probability > IMPOSSIBLE
        self.conditions = conditions
        self.windows = windows
        self.generator = generator
        self.residual = conditions.residual_of(choice)
        members = np.zeros((len(conditions.owner), conditions.count))
        members[np.arange(len(conditions.owner)), conditions.owner] = 1.0
        self.members = members

    def moves(self, rows: IntArray) -> FloatArray:
        """Change of each residual if a respondent takes a pattern, shape (rows, patterns, conditions)."""
        right = self.conditions.right
        change = right[None, :, :] - right[self.choice[rows]][:, None, :]
        return (self.conditions.left[rows][:, None, :] * change) @ self.members

    def price(self, rows: IntArray) -> FloatArray:
        """Price of implausibility of each move, shape (rows, patterns); infinite where impossible."""
        logs = self.log_probability[rows]
        now = logs[np.arange(len(rows)), self.choice[rows]][:, None]
        return np.where(self.possible[rows], PLAUSIBILITY * (now - logs), np.inf)

    def take(self, row: int, pattern: int) -> None:
        """Let one respondent give another response."""
        self.residual = self.residual + self.moves(np.array([row]))[0, pattern]
        self.choice[row] = pattern

    def sampled(self, rows: IntArray, limit: int) -> IntArray:
        """At most `limit` of the rows, at random."""
        if len(rows) <= limit:
            return rows
        return np.sort(self.generator.choice(rows, limit, replace=False))

    def row_limit(self, stale: int = 0) -> int:
        """Rows looked at in a step: fewer where there are many patterns, more after steps that found nothing."""
        return max(40, int(ROWS_A_STEP * 8 / max(8, self.possible.shape[1]))) * (1 + stale)

    def descend(self) -> None:
        """Single moves toward the aims, steepest first among the respondents looked at."""
        everyone = np.arange(len(self.choice))
        stale = 0
        for _ in range(QUICK_STEPS):
            distance = (self.residual - self.windows.aim) / self.windows.unit
            if np.abs(distance).max() < 0.5 or stale > MAX_STALE:
                break
            rows = self.sampled(everyone, self.row_limit())
            steps = self.moves(rows) / self.windows.unit
            gain = ((distance + steps) ** 2).sum(axis=2) - float(distance @ distance) + self.price(rows)
            best = int(np.argmin(np.round(gain, 9)))
            row, pattern = divmod(best, gain.shape[1])
            if gain[row, pattern] > -1e-9:
                stale += 1
                continue
            stale = 0
            self.take(int(rows[row]), pattern)

    def repair(self) -> None:
        """Moves, alone or in pairs, that bring conditions back into their windows."""
        stale = 0
        for _ in range(REPAIR_STEPS):
            excess = self.windows.excess(self.residual)
            if excess.max() <= SETTLED or stale > MAX_STALE:
                break
            found = self._single_repair(excess, stale) or self._pair_repair(excess, stale)
            stale = 0 if found else stale + 1

    def _involved(self, excess: FloatArray) -> IntArray:
        terms = np.isin(self.conditions.owner, np.flatnonzero(excess > SETTLED))
        return np.flatnonzero((self.conditions.left[:, terms] != 0.0).any(axis=1))

    def _loss(self, residual: FloatArray) -> FloatArray:
        outside = self.windows.excess(residual)
        return (outside**2 + outside).sum(axis=-1)

    def _drift(self, residual: FloatArray) -> FloatArray:
        """Small price of leaving the aims; it chooses between moves that repair equally well."""
        pull = (residual - self.windows.aim) / self.windows.unit
        return DRIFT * np.minimum(pull**2, 100.0).sum(axis=-1)

    def _single_repair(self, excess: FloatArray, stale: int) -> bool:
        rows = self.sampled(self._involved(excess), self.row_limit(stale))
        ends = self.residual + self.moves(rows)
        loss = self._loss(ends)
        best = int(np.argmin(np.round(loss + self._drift(ends) + DRIFT * self.price(rows), 9)))
        row, pattern = divmod(best, loss.shape[1])
        if loss[row, pattern] >= float(self._loss(self.residual)) - 1e-6:
            return False
        self.take(int(rows[row]), pattern)
        return True

    def _pair_repair(self, excess: FloatArray, stale: int) -> bool:
        now = float(self._loss(self.residual))
        first_rows = self.sampled(self._involved(excess), self.row_limit(stale))
        first = self.moves(first_rows)
        loss = self._loss(self.residual + first) + DRIFT * self.price(first_rows)
        # The first of a pair must help where help is needed; the second mends what it breaks.
        broken = excess > SETTLED
        helps = self.windows.excess(self.residual + first)[:, :, broken].sum(axis=2) < excess[broken].sum() - 1e-9
        loss[~helps] = np.inf
        order = np.argsort(np.round(loss, 9), axis=None, kind="stable")[:PARTNERS]
        second_rows = self.sampled(np.arange(len(self.choice)), self.row_limit(stale))
        second, second_price = self.moves(second_rows), DRIFT * self.price(second_rows)
        found: tuple[float, tuple[int, int], tuple[int, int]] | None = None
        for flat in order:
            row, pattern = divmod(int(flat), loss.shape[1])
            if not np.isfinite(loss[row, pattern]):
                break
            ends = self.residual + first[row, pattern] + second
            joint = self._loss(ends) + self._drift(ends) + second_price
            joint[second_rows == first_rows[row]] = np.inf
            best = int(np.argmin(np.round(joint, 9)))
            partner, partner_pattern = divmod(best, joint.shape[1])
            value = float(joint[partner, partner_pattern])
            is_better = float(self._loss(ends[partner, partner_pattern])) < now - 1e-6
            if is_better and (found is None or value < found[0]):
                found = (value, (int(first_rows[row]), pattern), (int(second_rows[partner]), partner_pattern))
        if found is None:
            return False
        self.take(*found[1])
        self.take(*found[2])
        return True
