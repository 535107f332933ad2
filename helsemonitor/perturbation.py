"""The noise table of disclosure profile `open`: what is added to a count, by its class and cell key.

Noise of greatest entropy among those with mean 0, the stated variance and a largest size, such that no positive count
below `SMALLEST` comes out (Giessing 2016, Computational issues in the design of transition probabilities and disclosure
risk estimation for additive noise; Fraser and Wooton 2005). `python -m helsemonitor.perturbation` writes the table; the
shipped one was made by it, and tests hold it to what is promised here.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import brentq, minimize

KEYS = 1000  # Cell keys are 0 to 999.
SMALLEST = 5  # Smallest released count that is not 0.
LARGEST_NOISE = 4
VARIANCE = 2.0


def outcomes(count: int) -> np.ndarray:
    """Noise that a count may get, ascending: the result is 0 or at least SMALLEST, and at most LARGEST_NOISE away.

    A count that cannot reach two results so may go down to 0 or up to SMALLEST.
    """
    near = [count + noise for noise in range(-LARGEST_NOISE, LARGEST_NOISE + 1) if count + noise >= SMALLEST]
    if count < SMALLEST + LARGEST_NOISE:
        near = [0, *(near or [SMALLEST])]
    return np.array(sorted(set(near))) - count


def probabilities(count: int) -> np.ndarray:
    """Probability of each outcome, of greatest entropy under mean 0 and, where it can be had, variance VARIANCE."""
    noise = outcomes(count).astype(float)
    if len(noise) == 2:
        return np.array([noise[1], -noise[0]]) / (noise[1] - noise[0])

    def tilted(square: float) -> np.ndarray:
        def weights(linear: float) -> np.ndarray:
            exponent = linear * noise + square * noise**2
            found = np.exp(exponent - exponent.max())
            return found / found.sum()

        return weights(brentq(lambda linear: weights(linear) @ noise, -50, 50))

    found = minimize(
        lambda square: (tilted(square[0]) @ noise**2 - VARIANCE) ** 2, x0=[-0.2], method="Nelder-Mead", tol=1e-12
    )
    return tilted(found.x[0])


def key_counts(count: int) -> np.ndarray:
    """Cell keys of each outcome: the probabilities in thousandths, moved a little so that the mean is exactly 0."""
    noise, wanted = outcomes(count), probabilities(count) * KEYS
    keys = np.floor(wanted).astype(int)
    keys[np.argsort(keys - wanted)[: KEYS - keys.sum()]] += 1
    # A key moved from one outcome to its neighbour changes the sum of the noise by their distance.
    while (off := int(keys @ noise)) != 0:
        steps = [(low, high) for low in range(len(noise)) for high in range(low + 1, len(noise))]
        low, high = min(steps, key=lambda pair: (abs(abs(off) - (noise[pair[1]] - noise[pair[0]])), pair))
        keys[high] -= np.sign(off)
        keys[low] += np.sign(off)
    return keys


def table() -> list[tuple[int, int, int, int]]:
    """Rows of the table: class of the count, first and last cell key, noise. The last class is of all larger counts."""
    rows = []
    for count in range(1, SMALLEST + LARGEST_NOISE + 1):
        first = 0
        for noise, keys in zip(outcomes(count), key_counts(count), strict=True):
            if keys:
                rows.append((count, first, first + int(keys) - 1, int(noise)))
            first += int(keys)
    return rows


def write(path: Path) -> None:
    """Write the table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["count_class", "cell_key_from", "cell_key_to", "noise"])
        writer.writerows(table())


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "seeds/codebook/perturbation.csv"))
