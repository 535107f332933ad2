"""Tests of weighted two-way tables.

Rao and Scott's (1984) second-order correction of Pearson's chi-square, as `svychisq` of R's survey computes it: the
generalised design effects of the log-linear interaction, from the covariance of the table's cells. The answers of a
single-choice item exclude each other, so sums of squared weights by cell are all that the covariance needs.

Tables of one shape are one stack of matrices, so that thousands of them are a few dozen calls of numpy.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from scipy.linalg import helmert
from scipy.special import fdtrc

RESULTS = ["chi_square", "design_effect_sum", "df_numerator", "df_denominator", "p_value"]
CELLS = ["p", "sum_w2", "table_n", "table_w", "respondents_n"]
PLACES = ["table_no", "row_no", "column_no"]


@cache
def interaction(rows: int, columns: int) -> np.ndarray:
    """Contrasts of the interaction of two factors, orthonormal; shape (rows * columns, (rows - 1) * (columns - 1))."""
    return np.kron(helmert(rows).T, helmert(columns).T)


def design_effects(p: np.ndarray, samples: list[tuple], n: np.ndarray) -> np.ndarray:
    """Matrices whose eigenvalues are the generalised design effects of the tables' interactions.

    Args:
        p: Proportions of the cells, shape (tables, rows, columns).
        samples: Independent samples behind the tables, each with a factor of shape (tables,), its proportions, its sums
            of squared weights (both of the shape of p) such that its part of the covariance of p is
            factor * (diag(s) - s q' - q s' + sum(s) q q').
        n: Respondents in the tables, shape (tables,).

    Returns:
        Square matrices of (rows - 1) * (columns - 1); NaN where empty cells leave the interaction undefined.
    """
    contrasts = interaction(*p.shape[1:])
    cells = p.reshape(len(p), -1, 1)
    scaled = np.divide(contrasts, cells, out=np.zeros((len(p), *contrasts.shape)), where=cells > 0)
    across = scaled.transpose(0, 2, 1)
    simple = across @ contrasts / n[:, None, None]
    complex_ = np.zeros_like(simple)
    for factor, proportions, squares in samples:
        q, s = proportions.reshape(cells.shape), squares.reshape(cells.shape)
        by_q, by_s = across @ q, across @ s
        mixed = by_s @ by_q.transpose(0, 2, 1)
        whole = s.sum(axis=1, keepdims=True) * by_q @ by_q.transpose(0, 2, 1)
        complex_ += factor[:, None, None] * (across @ (s * scaled) - mixed - mixed.transpose(0, 2, 1) + whole)
    effects = np.full_like(simple, np.nan)
    has_empty = ~cells.all(axis=(1, 2))
    is_defined = ~has_empty
    is_defined[has_empty] = np.linalg.cond(simple[has_empty], 1) <= 1e12
    effects[is_defined] = np.linalg.solve(simple[is_defined], complex_[is_defined])
    return effects


def corrected(joint: np.ndarray, effects: np.ndarray, n: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Chi-square of joint proportions, sum of the design effects, degrees of freedom of F and p-value.

    Returns:
        Shape (tables, 5); NaN without a test.
    """
    total = np.trace(effects, axis1=1, axis2=2)
    expected = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
    chi_square = n * ((joint - expected) ** 2 / expected).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        numerator = total**2 / (effects * effects.transpose(0, 2, 1)).sum(axis=(1, 2))
        p_value = fdtrc(numerator, numerator * freedom, chi_square / total)
    found = np.stack([chi_square, total, numerator, numerator * freedom, p_value], axis=1)
    found[~((freedom >= 1) & (total > 1e-9))] = np.nan
    return found


def groups_tests(tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Answers by the groups of a breakdown, in one sample.

    Args:
        tables: CELLS, each of shape (tables, groups, answers); what is said of a whole table stands in its cells.

    Returns:
        RESULTS, shape (tables, 5).
    """
    p, squares, *whole = (tables[name] for name in CELLS)
    n, sum_w, wave_n = (array.max(axis=(1, 2)) for array in whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(wave_n < 2, np.nan, wave_n / (wave_n - 1) / sum_w**2)
    return corrected(p, design_effects(p, [(factor, p, squares)], n), n, n - 1)


def waves_tests(tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Answers by two waves, two samples whose sizes are fixed.

    Args:
        tables: CELLS, each of shape (tables, waves, answers); what is said of a whole wave stands in its cells.

    Returns:
        RESULTS, shape (tables, 5).
    """
    p, squares, *whole = (tables[name] for name in CELLS)
    sizes, sum_w, wave_n = (array.max(axis=2) for array in whole)
    n = sizes.sum(axis=1)
    # A wave in which everybody gave the same answer seems to have no variance.
    varies = (p > 0).sum(axis=2).min(axis=1) > 1
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(wave_n < 2, np.nan, (sizes / n[:, None]) ** 2 * wave_n / (wave_n - 1) / sum_w**2)
    joint = p * sizes[:, :, None] / n[:, None, None]
    samples = []
    for wave in range(p.shape[1]):
        own = np.zeros(p.shape[1:])
        own[wave] = 1
        samples.append((np.where(varies, factors[:, wave], np.nan), p * own, squares * own))
    return corrected(joint, design_effects(joint, samples, n), n, n - p.shape[1])


def results_of(cells: Mapping[str, np.ndarray], tests: Callable[[Mapping[str, np.ndarray]], np.ndarray]) -> np.ndarray:
    """Results of the tables that cells make up.

    Args:
        cells: PLACES, numbers from 0 up of the table and of the cell's row and column in it, and CELLS; one value a
            cell. A cell that is not there is 0.
        tests: Test of a stack of tables.

    Returns:
        RESULTS in the order of the tables' numbers, shape (tables, 5); NaN without a test.
    """
    table_no, *places = (cells[name].astype(np.intp) for name in PLACES)
    found = np.full((table_no.max(initial=-1) + 1, len(RESULTS)), np.nan)
    sizes = np.zeros((len(found), 2), dtype=np.intp)
    for side, place in enumerate(places):
        np.maximum.at(sizes[:, side], table_no, place + 1)
    for shape in np.unique(sizes[sizes.min(axis=1) > 1], axis=0):
        is_chosen = (sizes == shape).all(axis=1)
        inside = is_chosen[table_no]
        at = ((np.cumsum(is_chosen) - 1)[table_no[inside]], *(place[inside] for place in places))
        tables = {name: np.zeros((is_chosen.sum(), *shape)) for name in CELLS}
        for name, array in tables.items():
            array[at] = cells[name][inside]
        found[is_chosen] = tests(tables)
    return found
