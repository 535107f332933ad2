"""Statements about respondents as sums of products over single items.

Every printed number is a statement such as "agrees, among nurses in the Mid-Norway trusts". Written as a signed sum
of products with one factor per item, such a statement is linear in whichever item is drawn last, and that is all the
solver needs to know about routing, derived items, groups and crosses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["any", "none", "answered", "blank", "range", "points"]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Atom:
    """One condition on (or number read from) one asked item.

    Args:
        item: Asked item.
        kind: `any`/`none` of the answers given (and the item answered), `answered`, `blank` (asked, no answer), `range`
            (number within low and high), `points` (allocated points of the one answer named, or the number itself).
        answers: Canonical answers.
        low: Lower limit of `range`, inclusive.
        high: Upper limit of `range`, inclusive.
    """

    item: str
    kind: Kind
    answers: frozenset[str] = frozenset()
    low: float = -np.inf
    high: float = np.inf


Term = tuple[float, tuple[Atom, ...]]
Event = tuple[Term, ...]

EVERYBODY: Event = ((1.0, ()),)


def single(atom: Atom) -> Event:
    """Event that is exactly one condition."""
    return ((1.0, (atom,)),)


def both(*events: Event) -> Event:
    """Product of events: respondents for whom all of them hold."""
    result = EVERYBODY
    for event in events:
        result = tuple((a * b, (*left, *right)) for (a, left), (b, right) in product(result, event))
    return result


def total(*events: Event) -> Event:
    """Sum of events; they must exclude each other to stay an indicator."""
    return tuple(term for event in events for term in event)


def scaled(event: Event, factor: float) -> Event:
    """Event with every coefficient multiplied by a factor."""
    return tuple((coefficient * factor, atoms) for coefficient, atoms in event)


def items_of(event: Event) -> set[str]:
    """Asked items that an event reads."""
    return {atom.item for _, atoms in event for atom in atoms}


@dataclass(frozen=True)
class Space:
    """Everything a respondent can answer to one item in one wave, one row per possible response.

    Args:
        item: Item.
        answers: Canonical answers, in the order of the columns of `has` and `points`.
        has: Shape (patterns, answers); the response contains the answer.
        points: Shape (patterns, answers); points allocated to the answer. A number item has one unnamed answer.
        answered: Shape (patterns,); false for the last pattern, the blank one.
    """

    item: str
    answers: tuple[str, ...]
    has: NDArray[np.bool_]
    points: FloatArray
    answered: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of patterns, the blank one included."""
        return len(self.answered)

    @property
    def blank(self) -> int:
        """Index of the blank pattern."""
        return self.size - 1

    def values(self, atom: Atom) -> FloatArray:
        """Value of an atom on each pattern, shape (patterns,)."""
        if atom.kind == "answered":
            return self.answered.astype(float)
        if atom.kind == "blank":
            return (np.arange(self.size) == self.blank).astype(float)
        if atom.kind == "range":
            number = self.points[:, 0]
            return (self.answered & (number >= atom.low) & (number <= atom.high)).astype(float)
        wanted = [index for index, answer in enumerate(self.answers) if answer in atom.answers]
        if atom.kind == "points":
            columns = wanted if atom.answers else [0]
            return self.points[:, columns].sum(axis=1) * self.answered
        given = self.has[:, wanted].any(axis=1)
        return (given if atom.kind == "any" else ~given & (np.arange(self.size) != self.blank)).astype(float)


@dataclass(frozen=True)
class Part:
    """One product of an event while an item is being drawn.

    Args:
        respondent: Factor of each respondent, shape (respondents,).
        pattern: Factor of each response, shape (patterns,).
        reads_item: Does the product depend on the item being drawn?
    """

    respondent: FloatArray
    pattern: FloatArray
    reads_item: bool


@dataclass
class Sample:
    """Respondents of a wave with the responses drawn so far.

    Args:
        size: Number of respondents.
        weights: Shape (size,); mean 1.
        spaces: Answer space of each item drawn.
        choice: Pattern of each respondent per item, shape (size,); -1 where routed past.
    """

    size: int
    weights: FloatArray
    spaces: dict[str, Space] = field(default_factory=dict)
    choice: dict[str, IntArray] = field(default_factory=dict)

    def values(self, atom: Atom) -> FloatArray:
        """Value of an atom for each respondent, shape (size,)."""
        choice = self.choice[atom.item]
        table = np.append(self.spaces[atom.item].values(atom), 0.0)
        return table[choice]

    def evaluate(self, event: Event) -> FloatArray:
        """Value of an event for each respondent, shape (size,); every item of it must have been drawn."""
        result = np.zeros(self.size)
        for coefficient, atoms in event:
            result += coefficient * self.product_of(atoms)
        return result

    def product_of(self, atoms: tuple[Atom, ...]) -> FloatArray:
        """Product of the atoms' values for each respondent, shape (size,)."""
        result = np.ones(self.size)
        for atom in atoms:
            result *= self.values(atom)
        return result

    def knows(self, event: Event, current: str | None = None) -> bool:
        """Have all items of an event (but for the current one) been drawn?"""
        return all(item in self.choice or item == current for item in items_of(event))

    def split(self, event: Event, space: Space) -> list[Part]:
        """Write an event as a sum of (respondent factor) x (pattern factor) for the item being drawn.

        Args:
            event: Event over drawn items and the item of `space`.
            space: Answer space of the item being drawn.

        Returns:
            One part per term of the event.
        """
        result = []
        for coefficient, atoms in event:
            pattern = np.full(space.size, coefficient)
            known = tuple(atom for atom in atoms if atom.item != space.item)
            for atom in atoms:
                if atom.item == space.item:
                    pattern = pattern * space.values(atom)
            result.append(Part(self.product_of(known), pattern, len(known) < len(atoms)))
        return result
