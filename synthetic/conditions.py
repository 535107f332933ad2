"""Targets as linear conditions on the item being drawn, with the windows that their residuals may end in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.events import Event, FloatArray, IntArray, Part, Sample, Space
from synthetic.rounding import Windows
from synthetic.targets import Target
from synthetic.tilting import Conditions

# Kept free at both ends of a rounding window.
MARGIN = 0.01
# How closely a level is met that a stated change hangs on.
TIE = 0.15
# A condition on less than this many (weighted) respondents is beyond reach and left out.
SMALLEST_BASE = 0.5
COUNT_TOLERANCE = 0.01


def weights_of(sample: Sample, target: Target) -> FloatArray:
    """Weights a target counts with, shape (respondents,)."""
    return sample.weights if target.weighted else np.ones(sample.size)


def base_of(sample: Sample, target: Target) -> Event | None:
    """Who counts: in a table of the sample's composition everybody, if the printed base says so."""
    if target.whole is not None:
        group, size = target.whole
        if sample.knows(group) and round(sample.evaluate(group).sum()) == size:
            return group
    return target.base


def achieved(sample: Sample, target: Target) -> float | None:
    """Value of a target in the drawn sample.

    Args:
        sample: Respondents.
        target: The target; its items must have been drawn.

    Returns:
        Percent, points or persons; None where nobody is in the base.
    """
    weights, base = weights_of(sample, target), base_of(sample, target)
    numerator = float(weights @ sample.evaluate(target.numerator))
    if base is None:
        return numerator
    denominator = float(weights @ sample.evaluate(base))
    return numerator / denominator if denominator > 0 else None


def is_met(target: Target, value: float | None) -> bool:
    """Does a value round to what is printed?"""
    tolerance = COUNT_TOLERANCE if target.half == 0.0 else target.half
    return value is not None and -tolerance <= value - target.value < tolerance


@dataclass(frozen=True)
class Measured:
    """A target while its last item is being drawn.

    Args:
        target: The target.
        weights: Shape (respondents,).
        numerator: Products of the numerator.
        base: Products of the base; empty for a count.
    """

    target: Target
    weights: FloatArray
    numerator: list[Part]
    base: list[Part]


class Builder:
    """Builds the conditions of one item on those who are asked it."""

    def __init__(self, sample: Sample, space: Space, targets: list[Target], asked: IntArray) -> None:
        """Prepare an item.

        Args:
            sample: Respondents with the earlier items.
            space: Answer space of the item.
            targets: Targets that the item settles.
            asked: Indices of the respondents asked, shape (asked,).
        """
        self.size = space.size
        self.asked = asked
        self.outside = np.setdiff1d(np.arange(sample.size), asked)
        self.measured = []
        for target in targets:
            base = base_of(sample, target)
            parts = [] if base is None else sample.split(base, space)
            weights = weights_of(sample, target)
            self.measured.append(Measured(target, weights, sample.split(target.numerator, space), parts))

    @property
    def targets(self) -> list[Target]:
        """Targets that the conditions stand for, in order."""
        return [measured.target for measured in self.measured]

    def base_size(self, measured: Measured, probability: FloatArray) -> float:
        """Expected (weighted) size of a base; 1 for a count.

        Args:
            measured: The target.
            probability: Shape (asked, patterns).
        """
        if not measured.base:
            return 1.0
        size = 0.0
        for part in measured.base:
            factor = measured.weights * part.respondent
            size += float(factor[self.asked] @ (probability @ part.pattern)) + self._unasked(part, factor)
        return size

    def _unasked(self, part: Part, factor: FloatArray) -> float:
        """What respondents who are not asked add to a sum, whatever is drawn."""
        return 0.0 if part.reads_item else float(factor[self.outside].sum()) * float(part.pattern[0])

    def build(self, probability: FloatArray) -> Conditions:
        """Conditions in percent, points or persons.

        Args:
            probability: Probabilities (asked, patterns) that the sizes of the bases are taken from. Built from the
                tilted ones, a residual is the error of the share itself.
        """
        sizes = [self.base_size(measured, probability) for measured in self.measured]
        reachable = [size >= SMALLEST_BASE for size in sizes]
        self.measured = [measured for measured, kept in zip(self.measured, reachable, strict=True) if kept]
        sizes = [size for size in sizes if size >= SMALLEST_BASE]
        left, right, owner, constant = [], [], [], []
        for index, (measured, size) in enumerate(zip(self.measured, sizes, strict=True)):
            terms, fixed = self._terms(measured, size)
            constant.append(fixed)
            for respondent, pattern in terms:
                left.append(respondent)
                right.append(pattern)
                owner.append(index)
        return Conditions(
            np.array(left).reshape(-1, len(self.asked)).T,
            np.array(right).reshape(-1, self.size).T,
            np.array(owner, dtype=np.int64),
            np.array(constant),
            np.array([target.slack for target in self.targets]),
        )

    def _terms(self, measured: Measured, size: float) -> tuple[list[tuple[FloatArray, FloatArray]], float]:
        """Products of one condition, those with the same respondent factor joined, and its constant."""
        aim = measured.target.aim
        joined: dict[bytes, tuple[FloatArray, FloatArray]] = {}
        fixed = 0.0 if measured.base else -aim
        signed = [(part, 1.0) for part in measured.numerator] + [(part, -aim) for part in measured.base]
        for part, sign in signed:
            factor = measured.weights * part.respondent / size
            fixed += sign * self._unasked(part, factor)
            pattern = joined.get(factor.tobytes(), (factor, np.zeros(self.size)))[1]
            joined[factor.tobytes()] = (factor[self.asked], pattern + sign * part.pattern)
        return list(joined.values()), fixed


def windows(conditions: Conditions, targets: list[Target], probability: FloatArray) -> Windows:
    """Where the residuals of definite responses may end.

    Args:
        conditions: Conditions built from the tilted probabilities.
        targets: Their targets.
        probability: Tilted probabilities; what they expect is aimed at, as it fits together.

    Returns:
        Windows; tighter for levels that a stated change hangs on, wider for assumed levels.
    """
    value, aim, half = (np.array([getattr(target, name) for target in targets]) for name in ("value", "aim", "half"))
    is_printed = np.array([target.is_printed for target in targets], dtype=bool)
    is_tied = np.array([target.is_tied for target in targets], dtype=bool)
    is_count = half == 0.0
    step = np.zeros(conditions.count)
    if conditions.count:
        reach = np.abs(conditions.left).max(axis=0, initial=0.0) * np.ptp(conditions.right, axis=0)
        np.maximum.at(step, conditions.owner, reach)
    half = np.where(is_printed, half, np.maximum(half, step))
    margin = np.where(is_count, -COUNT_TOLERANCE, np.minimum(MARGIN, half / 4))
    low, high = value - half - aim + margin, value + half - aim - margin
    tie = np.maximum(TIE, step)
    low, high = np.where(is_tied, np.maximum(low, -tie), low), np.where(is_tied, np.minimum(high, tie), high)
    # An assumed level gives way to what is printed, so its window follows what the tilting made of it.
    goal = conditions.residual(probability)
    low = np.where(is_printed, low, np.minimum(low, goal - half / 2))
    high = np.where(is_printed, high, np.maximum(high, goal + half / 2))
    unit = np.where(is_count, 1.0, np.maximum(np.minimum(step, half), half / 5))
    unit = np.maximum(np.where(is_printed, unit, 4.0 * unit), 1e-6)
    return Windows(np.clip(goal, 0.8 * low, 0.8 * high), low, high, unit)
