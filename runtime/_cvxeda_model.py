"""The matrices of cvxEDA for one window length, and the products that both floors share.

Greco, Valenza, Lanata, Scilingo, Citi: cvxEDA, a convex optimization approach to electrodermal
activity processing. IEEE Trans. Biomed. Eng. 63(4), 2016, doi:10.1109/TBME.2015.2474131.

The skin's answer to a sudomotor impulse is the Bateman function exp(-t/tau_slow) - exp(-t/tau_fast).
Discretised by the bilinear transform it is the ARMA pair of the paper,

    ar = [(a1 d + 2)(a0 d + 2), 2 a1 a0 d^2 - 8, (a1 d - 2)(a0 d - 2)] / ((a1 - a0) d^2)
    ma = [1, 2, 1]          with d the sampling interval, a0 = 1/tau_slow, a1 = 1/tau_fast.

A and M are the n x n lower-banded Toeplitz matrices of `ar` and `ma`; a driver p gives the phasic
signal M inv(A) p. Both commute, being Toeplitz and lower triangular, and both are divided by ar[0]
here: the state then has the size of the driver instead of being 1e5 times smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CvxEDAModel:
    """One prepared problem size.

    Attributes
    ----------
    n : int
        Samples in a window.
    ar, ma : float64 (3,)
        Coefficients of A and M, both divided by the first coefficient of A.
    columns : float64 (n, k)
        The tonic basis [B C]: penalised splines first, then the free baseline.
    penalty : float64 (k,)
        Weight of each squared tonic coefficient: gamma for the splines, 0 for the baseline.
    splines : int
        Number of spline columns.
    """

    n: int
    ar: Array
    ma: Array
    columns: Array
    penalty: Array
    splines: int

    def phasic(self, driver: Array) -> Array:
        """Return K p = M inv(A) p, the phasic signal of a driver (n,)."""
        return banded_product(self.ma, self._solve_ar(driver, transposed=False))

    def correlation(self, dual: Array) -> Array:
        """Return K' v = inv(A)' M' v: how each driver sample would answer to the residual v (n,)."""
        return self._solve_ar(banded_product_transposed(self.ma, dual), transposed=True)

    def _solve_ar(self, vector: Array, *, transposed: bool) -> Array:
        bands = np.empty((3, self.n), order="F")
        bands[:] = self.ar[:, None]
        solution, _ = lapack.dtbtrs(
            bands, vector[:, None], uplo="L", trans="T" if transposed else "N", diag="U"
        )
        result: Array = solution[:, 0]
        return result


def prepare(
    n: int,
    rate_hz: float,
    *,
    tau_slow_s: float,
    tau_fast_s: float,
    knot_spacing_s: float,
    gamma: float,
    baseline: str,
) -> CvxEDAModel:
    """Build the matrices for windows of `n` samples at `rate_hz`."""
    interval_s = 1.0 / rate_hz
    slow, fast = 1.0 / tau_slow_s, 1.0 / tau_fast_s
    ar = np.array(
        [
            (fast * interval_s + 2.0) * (slow * interval_s + 2.0),
            2.0 * fast * slow * interval_s**2 - 8.0,
            (fast * interval_s - 2.0) * (slow * interval_s - 2.0),
        ]
    ) / ((fast - slow) * interval_s**2)
    ma = np.array([1.0, 2.0, 1.0])
    splines = spline_columns(n, max(1, round(knot_spacing_s * rate_hz)))
    columns = np.hstack([splines, baseline_columns(splines, baseline)])
    penalty = np.zeros(columns.shape[1])
    penalty[: splines.shape[1]] = gamma
    return CvxEDAModel(n, ar / ar[0], ma / ar[0], columns, penalty, splines.shape[1])


def spline_columns(n: int, spacing: int) -> Array:
    """Return B (n, knots): cubic B-splines of peak 1 at the samples 0, spacing, 2 spacing, ...

    A triangle 1 ... spacing ... 1 convolved with itself is the cubic B-spline of that spacing, on
    2 (2 spacing - 1) - 1 samples; each column is that bump centred on its knot and cut at the edges.
    """
    triangle = np.concatenate([np.arange(1.0, spacing + 1), np.arange(spacing - 1.0, 0, -1)])
    bump = np.convolve(triangle, triangle)
    bump /= bump.max()
    half = len(bump) // 2
    knots = np.arange(0, n + spacing // 2, spacing)
    offsets = np.arange(n)[:, None] - knots[None, :] + half
    inside = (offsets >= 0) & (offsets < len(bump))
    columns: Array = np.where(inside, bump[np.clip(offsets, 0, len(bump) - 1)], 0.0)
    return columns


def baseline_columns(splines: Array, baseline: str) -> Array:
    """Return C (n, 0 to 2), the unpenalised part of the tonic signal."""
    n = len(splines)
    if baseline == "none":
        return np.empty((n, 0))
    if baseline == "constant":
        return np.ones((n, 1))
    if baseline == "spline":
        return splines.sum(axis=1, keepdims=True)
    return np.column_stack([np.ones(n), np.arange(1.0, n + 1) / n])


def banded_product(coefficients: Array, vectors: Array) -> Array:
    """Return T v for the lower-banded Toeplitz matrix T of three coefficients; v is (n,) or (n, k)."""
    result = coefficients[0] * vectors
    result[1:] += coefficients[1] * vectors[:-1]
    result[2:] += coefficients[2] * vectors[:-2]
    return result


def banded_product_transposed(coefficients: Array, vector: Array) -> Array:
    """Return T' v for the same matrix; v is (n,)."""
    result = coefficients[0] * vector
    result[:-1] += coefficients[1] * vector[1:]
    result[:-2] += coefficients[2] * vector[2:]
    return result
