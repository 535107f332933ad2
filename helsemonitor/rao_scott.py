"""Tests of weighted two-way tables.

Rao and Scott's (1984) second-order correction of Pearson's chi-square, as `svychisq` of R's survey computes it: the
generalised design effects of the log-linear interaction, from the covariance of the table's cells. The answers of a
single-choice item exclude each other, so sums of squared weights by cell are all that the covariance needs.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.linalg import helmert

KEYS = ["survey", "item", "basis", "breakdown", "year_from", "year_to"]
RESULTS = ["chi_square", "design_effect_sum", "df_numerator", "df_denominator"]
NO_TEST = [np.nan] * len(RESULTS)


@cache
def interaction(rows: int, columns: int) -> np.ndarray:
    """Contrasts of the interaction of two factors, orthonormal; shape (rows * columns, (rows - 1) * (columns - 1))."""
    return np.kron(helmert(rows).T, helmert(columns).T)


def design_effects(p: np.ndarray, samples: list[tuple], n: int) -> np.ndarray:
    """Matrix whose eigenvalues are the generalised design effects of a table's interaction.

    Args:
        p: Proportions of the cells, shape (rows, columns).
        samples: Independent samples behind the table, each with a factor, its proportions, its sums of squared weights
            (both of the shape of p) such that its part of the covariance of p is
            factor * (diag(s) - s q' - q s' + sum(s) q q').
        n: Respondents in the table.

    Returns:
        Square matrix of (rows - 1) * (columns - 1); empty where empty cells leave the interaction undefined.
    """
    contrasts = interaction(*p.shape)
    cells = p.ravel()
    scaled = np.divide(contrasts, cells[:, None], out=np.zeros_like(contrasts), where=cells[:, None] > 0)
    simple = contrasts.T @ scaled / n
    complex_ = np.zeros_like(simple)
    for factor, proportions, squares in samples:
        q, s = proportions.ravel(), squares.ravel()
        by_q, by_s = q @ scaled, s @ scaled
        complex_ += factor * (
            scaled.T @ (s[:, None] * scaled)
            - np.outer(by_s, by_q)
            - np.outer(by_q, by_s)
            + s.sum() * np.outer(by_q, by_q)
        )
    if not cells.all() and np.linalg.cond(simple) > 1e12:
        return np.empty((0, 0))
    return np.linalg.solve(simple, complex_)


def corrected(joint: np.ndarray, effects: np.ndarray, n: int, freedom: int) -> list[float]:
    """Chi-square of joint proportions, sum of the design effects, degrees of freedom of F; NaN without a test."""
    total = np.trace(effects)
    if not effects.size or freedom < 1 or total <= 1e-9:
        return NO_TEST
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    numerator = total**2 / np.sum(effects * effects.T)
    return [n * ((joint - expected) ** 2 / expected).sum(), total, numerator, numerator * freedom]


def two_way(rows: np.ndarray, columns: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
    """Arrays of shape (rows, columns) of values by two codes; 0 where no value is."""
    places = np.unique(rows, return_inverse=True)[1], np.unique(columns, return_inverse=True)[1]
    arrays = [np.zeros((places[0].max() + 1, places[1].max() + 1)) for _ in values]
    for array, value in zip(arrays, values, strict=True):
        array[places] = value
    return arrays


def groups_test(table: dict[str, np.ndarray]) -> list[float]:
    """Answers by the groups of a breakdown, in one sample."""
    n, wave_n, sum_w = (table[name][0] for name in ("table_n", "respondents_n", "table_w"))
    p, squares = two_way(table["group_key"], table["answer"], table["p"], table["sum_w2"])
    if min(p.shape) < 2 or wave_n < 2:
        return NO_TEST
    factor = wave_n / (wave_n - 1) / sum_w**2
    return corrected(p, design_effects(p, [(factor, p, squares)], n), n, n - 1)


def waves_test(table: dict[str, np.ndarray]) -> list[float]:
    """Answers by two waves, two samples whose sizes are fixed."""
    n = table["both_n"][0]
    names = ("p", "sum_w2", "table_n", "respondents_n", "table_w")
    p, squares, *whole = two_way(table["year"], table["answer"], *(table[name] for name in names))
    sizes, wave_n, sum_w = (array.max(axis=1) for array in whole)
    # A wave in which everybody gave the same answer seems to have no variance.
    if min(p.shape) < 2 or (p > 0).sum(axis=1).min() < 2:
        return NO_TEST
    joint = p * sizes[:, None] / n
    samples = []
    for wave, size in enumerate(sizes):
        own = np.zeros_like(p)
        own[wave] = 1
        factor = (size / n) ** 2 * wave_n[wave] / (wave_n[wave] - 1) / sum_w[wave] ** 2
        samples.append((factor, p * own, squares * own))
    return corrected(joint, design_effects(joint, samples, n), n, n - len(sizes))


def tested(rows: pd.DataFrame, test: Callable[[dict[str, np.ndarray]], list[float]]) -> pd.DataFrame:
    """Keys and results of the tables that rows of cells make up."""
    # DuckDB hands rows over in any order, and the last digits of a sum depend on it.
    rows = rows.sort_values([*KEYS, "year", "group_key", "answer"], ignore_index=True)
    starts = np.flatnonzero(~rows.duplicated(KEYS))
    columns = {
        name: pd.factorize(rows[name])[0] if name in {"group_key", "answer"} else rows[name].to_numpy()
        for name in rows.columns.difference(KEYS)
    }
    slices = pairwise([*starts, len(rows)])
    found = [test({name: values[start:end] for name, values in columns.items()}) for start, end in slices]
    return pd.concat(
        [rows.loc[starts, KEYS].reset_index(drop=True), pd.DataFrame(found, columns=RESULTS, dtype=float)], axis=1
    )
