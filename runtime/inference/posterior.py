"""Bayesian logistic regression with a Gaussian prior, solved exactly; NumPy alone.

What is known of theta is N(0, covariance); what is seen are answers y_i in {0, 1} with

    log odds_i = offset_i + design_i . theta,

each counting `weight_i` times. The posterior's mode is the only minimum of

    f(theta) = sum_i weight_i log(1 + exp(-s_i log odds_i)) + theta' covariance^-1 theta / 2,

s_i = 2 y_i - 1, found by Newton's method; its covariance is the inverse of the curvature there
(Laplace's approximation; MacKay, "The Evidence Framework Applied to Classification Networks",
1992). Theta is solved for as L u with covariance = L L' and u ~ N(0, I): a direction in which
nobody differs (variance 0) stays exactly 0, and the curvature is never below 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device.samples import FloatArray

# Newton's method doubles the digits: once the step is so small, the next is rounding.
_TOLERANCE = 1e-12
_MOST_STEPS = 100
_LEAST_SHARE = 1e-10


@dataclass(frozen=True)
class Posterior:
    """What is known of theta after the answers.

    Attributes
    ----------
    mean : float64 (r,)
        The mode; zeros without answers.
    covariance : float64 (r, r)
        The prior's without answers.
    """

    mean: FloatArray
    covariance: FloatArray


def solve(
    design: FloatArray,
    offset: FloatArray,
    truth: FloatArray,
    weight: FloatArray,
    covariance: FloatArray,
) -> Posterior:
    """Return the posterior.

    Parameters
    ----------
    design : float64 (n, r)
        n may be 0.
    offset : float64 (n,)
        Log odds of the second class where theta is 0.
    truth : float64 (n,)
        0 or 1.
    weight : float64 (n,)
        How many independent answers each stands for, 0 or more.
    covariance : float64 (r, r)
        Of the prior, symmetric and not negative; singular will do.
    """
    root = _root(covariance)
    z = design @ root
    sign = 2.0 * truth - 1.0
    u = np.zeros(root.shape[1])

    def loss(at: FloatArray) -> float:
        return float(weight @ np.logaddexp(0.0, -sign * (offset + z @ at)) + 0.5 * (at @ at))

    now = loss(u)
    for _ in range(_MOST_STEPS):
        gradient, curvature = _slopes(z, offset + z @ u, truth, weight, u)
        step = np.linalg.solve(curvature, gradient)
        share, after = 1.0, loss(u - step)
        while after > now and share > _LEAST_SHARE:
            share /= 2
            after = loss(u - share * step)
        if after > now:  # no descent is left in these digits
            break
        u, now = u - share * step, after
        if float(np.abs(share * step).max(initial=0.0)) < _TOLERANCE:
            break
    _, curvature = _slopes(z, offset + z @ u, truth, weight, u)
    return Posterior(root @ u, root @ np.linalg.solve(curvature, root.T))


def _slopes(
    z: FloatArray, margin: FloatArray, truth: FloatArray, weight: FloatArray, u: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the gradient (r,) and curvature (r, r) of f in the coordinates u."""
    p = 1.0 / (1.0 + np.exp(-np.clip(margin, -700.0, 700.0)))
    curvature = (z * (weight * p * (1.0 - p))[:, None]).T @ z
    return z.T @ (weight * (p - truth)) + u, curvature + np.eye(u.size)


def _root(covariance: FloatArray) -> FloatArray:
    """Return L with L L' = covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
