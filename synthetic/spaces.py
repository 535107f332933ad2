"""Answer spaces: every response that an item allows in a wave, with its prior weight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from synthetic.assumptions import Handling
from synthetic.codebook import Item
from synthetic.events import FloatArray, Space

ALONE_KINDS = frozenset({"dont_know", "not_relevant", "refused"})
# Response patterns of a multi-select that are kept; the rest of the 2^options are too rare to matter.
POOL = 360
# Spread of the common trait over which patterns are judged likely: people who tick one box tick others.
TRAIT_POINTS = (-1.4, 0.0, 1.4)
TICKING = 0.8
ALLOCATIONS = 140
ALLOCATION_STEP = 5
CONCENTRATION = 2.2


@dataclass(frozen=True)
class Prior:
    """An answer space and the log prior weight of its patterns when nothing is known of the respondent.

    Args:
        space: The space.
        log_weight: Shape (patterns,).
    """

    space: Space
    log_weight: FloatArray


def build(
    item: Item,
    shares: FloatArray,
    handling: Handling,
    numbers: tuple[float, float, int, int],
    generator: np.random.Generator,
) -> Prior:
    """Answer space of an item.

    Args:
        item: The item as asked in the wave.
        shares: Assumed share of each answer, shape (answers,).
        handling: Non-response, and which answers of a multi-select stand alone (beside don't know and its like) or
            imply another.
        numbers: Mean, standard deviation, lowest and highest value of a number item.
        generator: Draws the pool of allocations.

    Returns:
        The space with its prior; the last pattern is blank.
    """
    if item.type == "number":
        has, points, weight = _numbers(numbers)
    elif item.type == "allocation":
        has, points, weight = _allocations(item, shares, generator)
    elif item.type in {"multi", "open_coded"} and not item.is_coded_column:
        has, points, weight = _multiples(item, shares, handling)
    else:
        count = len(item.answers)
        has, points, weight = np.eye(count, dtype=bool), np.zeros((count, count)), np.log(shares / shares.sum())
    nonresponse = handling.nonresponse
    weight = weight - np.log(np.exp(weight).sum()) + np.log1p(-min(nonresponse, 0.9))
    answers = item.answers or ("",)
    space = Space(
        item.item,
        answers,
        np.vstack([has, np.zeros((1, len(answers)), dtype=bool)]),
        np.vstack([points, np.zeros((1, len(answers)))]),
        np.append(_answered(item, points, has), False),
    )
    return Prior(space, np.append(weight, np.log(nonresponse) if nonresponse > 0 else -np.inf))


def _answered(item: Item, points: FloatArray, has: np.ndarray) -> np.ndarray:
    # An allocation counts as answered when its points add up; "don't know" beside it does not.
    if item.type == "allocation":
        return points.sum(axis=1) == 100
    return np.ones(len(has), dtype=bool)


def _numbers(numbers: tuple[float, float, int, int]) -> tuple[np.ndarray, FloatArray, FloatArray]:
    mean, deviation, low, high = numbers
    values = np.arange(low, high + 1)
    weight = -0.5 * ((values - mean) / deviation) ** 2
    return np.ones((len(values), 1), dtype=bool), values[:, None].astype(float), weight


def _multiples(item: Item, shares: FloatArray, handling: Handling) -> tuple[np.ndarray, FloatArray, FloatArray]:
    alone = np.array([answer in handling.exclusive or item.kinds[answer] in ALONE_KINDS for answer in item.answers])
    options = np.flatnonzero(~alone)
    ticks = np.array([row for row in product((False, True), repeat=len(options)) if any(row)])
    for first, second in handling.implied:
        names = [item.answers[option] for option in options]
        ticks = ticks[~ticks[:, names.index(first)] | ticks[:, names.index(second)]]
    open_share = max(1.0 - shares[alone].sum(), 0.02)
    among = np.clip(shares[options] / open_share, 1e-4, 0.985)
    logits = np.log(among / (1 - among))
    joint = np.zeros(len(ticks))
    for trait in TRAIT_POINTS:
        yes = 1 / (1 + np.exp(-(logits + TICKING * trait)))
        joint += np.exp(ticks @ np.log(yes) + ~ticks @ np.log1p(-yes)) / len(TRAIT_POINTS)
    single_ticks = ticks.sum(axis=1) == 1
    kept = np.argsort(-np.round(joint + single_ticks, 12), kind="stable")[:POOL]
    kept.sort()
    has = np.zeros((len(kept) + alone.sum(), len(shares)), dtype=bool)
    has[: len(kept), options] = ticks[kept]
    has[np.arange(len(kept), len(has)), np.flatnonzero(alone)] = True
    weight = np.concatenate([open_share * joint[kept] / joint[kept].sum(), shares[alone]])
    return has, np.zeros(has.shape), np.log(np.maximum(weight, 1e-12))


def _allocations(
    item: Item, shares: FloatArray, generator: np.random.Generator
) -> tuple[np.ndarray, FloatArray, FloatArray]:
    alone = np.array([item.kinds[answer] in ALONE_KINDS for answer in item.answers])
    channels = np.flatnonzero(~alone)
    centre = shares[channels] / shares[channels].sum()
    steps = 100 // ALLOCATION_STEP
    drawn = generator.dirichlet(CONCENTRATION * centre + 0.05, size=8 * ALLOCATIONS)
    whole = np.floor(drawn * steps)
    largest = np.argmax(drawn, axis=1)
    whole[np.arange(len(whole)), largest] += steps - whole.sum(axis=1)
    everything = np.eye(len(channels)) * steps
    pool, counts = np.unique(np.vstack([everything, whole]), axis=0, return_counts=True)
    best = np.sort(np.argsort(-counts, kind="stable")[:ALLOCATIONS])
    pool, counts = pool[best], counts[best]
    points = np.zeros((len(pool) + alone.sum(), len(shares)))
    points[: len(pool), channels] = pool * ALLOCATION_STEP
    has = np.zeros(points.shape, dtype=bool)
    has[np.arange(len(pool), len(has)), np.flatnonzero(alone)] = True
    has[: len(pool)] = points[: len(pool)] > 0
    weight = np.concatenate([(1 - shares[alone].sum()) * counts / counts.sum(), shares[alone]])
    return has, points, np.log(np.maximum(weight, 1e-12))
