"""Maximum-entropy tilting: the distribution nearest to a prior that meets linear conditions.

Minimises, over probabilities p of each respondent's patterns,

    sum_i KL(p_i || q_i) + sum_c r_c(p)^2 / (2 slack_c^2),    r_c = sum_t in c, i, k g_it f_kt p_ik + constant_c

The solution is p_ik proportional to q_ik exp(sum_c lambda_c a_ikc) with r_c = -slack_c^2 lambda_c, so the dual is
smooth, strictly convex and always solvable: conditions that contradict each other share the contradiction by their
slack.
Source: Deming and Stephan's raking is the case of marginal conditions; Hainmueller (2012) the case with weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, softmax

from synthetic.events import FloatArray, IntArray

TOLERANCE = 1e-9
MAX_STEPS = 80


@dataclass(frozen=True)
class Conditions:
    """Linear conditions in separable form.

    Args:
        left: Respondent factors g, shape (respondents, terms).
        right: Pattern factors f, shape (patterns, terms).
        owner: Condition of each term, shape (terms,).
        constant: Part of the residual that no choice changes, shape (conditions,).
        slack: How far a residual may cheaply stray from zero, shape (conditions,).
    """

    left: FloatArray
    right: FloatArray
    owner: IntArray
    constant: FloatArray
    slack: FloatArray

    @property
    def count(self) -> int:
        """Number of conditions."""
        return len(self.constant)

    def gather(self, per_term: FloatArray) -> FloatArray:
        """Sum values of terms into their conditions, shape (conditions,)."""
        return np.bincount(self.owner, weights=per_term, minlength=self.count)

    def residual(self, probability: FloatArray) -> FloatArray:
        """Residuals of a (respondents, patterns) matrix of probabilities, shape (conditions,)."""
        expected = probability @ self.right
        return self.gather((self.left * expected).sum(axis=0)) + self.constant

    def residual_of(self, choice: IntArray) -> FloatArray:
        """Residuals of definite choices, shape (conditions,)."""
        return self.gather((self.left * self.right[choice]).sum(axis=0)) + self.constant


def tilt(log_prior: FloatArray, conditions: Conditions) -> FloatArray:
    """Tilt a prior until the conditions hold.

    Args:
        log_prior: Shape (respondents, patterns); -inf marks impossible patterns.
        conditions: Conditions on the probabilities.

    Returns:
        Probabilities, shape (respondents, patterns).
    """
    multiplier = np.zeros(conditions.count)
    value, probability = _dual(log_prior, conditions, multiplier)
    for _ in range(MAX_STEPS):
        gradient = conditions.residual(probability) + conditions.slack**2 * multiplier
        if not conditions.count or np.abs(gradient).max() < TOLERANCE:
            break
        step = -cho_solve(cho_factor(_hessian(probability, conditions)), gradient)
        slope = float(gradient @ step)
        length = 1.0
        while length > 1e-8:
            trial, trial_probability = _dual(log_prior, conditions, multiplier + length * step)
            if trial <= value + 1e-4 * length * slope + 1e-12 * abs(value):
                break
            length /= 2
        multiplier, value, probability = multiplier + length * step, trial, trial_probability
        if -slope < 1e-12 * max(1.0, abs(value)):
            break
    return probability


def _dual(log_prior: FloatArray, conditions: Conditions, multiplier: FloatArray) -> tuple[float, FloatArray]:
    scores = log_prior + (conditions.left * multiplier[conditions.owner]) @ conditions.right.T
    value = logsumexp(scores, axis=1).sum() + multiplier @ conditions.constant
    value += 0.5 * float((conditions.slack**2 * multiplier**2).sum())
    return float(value), softmax(scores, axis=1)


def _hessian(probability: FloatArray, conditions: Conditions) -> FloatArray:
    left, right = conditions.left, conditions.right
    expected = left * (probability @ right)
    terms = right.shape[1]
    second = np.empty((terms, terms))
    for term in range(terms):
        joint = probability @ (right * right[:, [term]])
        second[term] = left[:, term] @ (left * joint)
    members = np.zeros((terms, conditions.count))
    members[np.arange(terms), conditions.owner] = 1.0
    row_means = expected @ members
    hessian = members.T @ second @ members - row_means.T @ row_means
    hessian[np.diag_indices(conditions.count)] += conditions.slack**2 + 1e-12
    return hessian
