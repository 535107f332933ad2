"""Survey weights of the citizens' waves: unequal chances of selection, raked to the population's margins."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthetic.codebook import Wave
from synthetic.events import FloatArray, Sample

# Log spread of the design weights before raking, as panels that oversample some regions and ages have.
SPREAD = 0.22
LOWEST, HIGHEST = 0.3, 3.5
DECIMALS = 6
TOLERANCE = 1e-9
MAX_ROUNDS = 500


def rake(start: FloatArray, margins: list[tuple[list[FloatArray], FloatArray]]) -> FloatArray:
    """Rake weights to margins (iterative proportional fitting; Deming and Stephan 1940).

    Args:
        start: Positive starting weights, shape (respondents,).
        margins: For each variable the membership (0/1) of its groups and their shares, which add to 1.

    Returns:
        Weights with mean 1, shape (respondents,).
    """
    weights = start / start.mean()
    for _ in range(MAX_ROUNDS):
        before = weights.copy()
        for members, shares in margins:
            for member, share in zip(members, shares, strict=True):
                held = float(weights @ member)
                if held > 0:
                    weights = np.where(member > 0.5, weights * (share * len(weights) / held), weights)
        if np.abs(weights - before).max() < TOLERANCE:
            break
    return weights


def margins_of(wave: Wave, population: pd.DataFrame, sample: Sample) -> list[tuple[list[FloatArray], FloatArray]]:
    """Margins of a wave's population as far as the sample's items are drawn.

    Args:
        wave: The wave.
        population: Rows of population.csv for the wave.
        sample: Respondents.

    Returns:
        Memberships and shares per breakdown.
    """
    margins = []
    for breakdown, rows in population.groupby("breakdown", sort=False):
        events = [wave.groups[(str(breakdown), key)] for key in rows["group_key"]]
        shares = rows["share_pct"].astype(float).to_numpy()
        margins.append(([sample.evaluate(event) for event in events], shares / shares.sum()))
    return margins


def is_ready(wave: Wave, population: pd.DataFrame, sample: Sample) -> bool:
    """Have all the variables of the margins been drawn?"""
    pairs = zip(population["breakdown"], population["group_key"], strict=True)
    return all(sample.knows(wave.groups[pair]) for pair in pairs)


def draw_weights(wave: Wave, population: pd.DataFrame, sample: Sample, generator: np.random.Generator) -> FloatArray:
    """Weights of a wave's respondents.

    Args:
        wave: The wave.
        population: Rows of population.csv for the wave.
        sample: Respondents with the variables of the margins.
        generator: Source of the design weights.

    Returns:
        Weights rounded to six decimals with mean 1, shape (respondents,).
    """
    margins = margins_of(wave, population, sample)
    raked = rake(np.exp(SPREAD * generator.standard_normal(sample.size)), margins)
    trimmed = rake(np.clip(raked, LOWEST, HIGHEST), margins)
    return np.round(trimmed, DECIMALS)
