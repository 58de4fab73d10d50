"""The interior-point iteration of cvxEDA on NumPy and LAPACK: the floor that works everywhere.

The problem, with K = M inv(A), tonic basis G = [B C] and penalty matrix P = diag(gamma, 0),

    minimise   1/2 |e|^2 + alpha sum(p) + 1/2 x' P x     over p >= 0, x, with e = y - K p - G x

has the dual: maximise y'v - 1/2 |v|^2 - 1/(2 gamma) |B'v|^2 over K'v <= alpha, C'v = 0; v = e at the
optimum. Its slack is s = alpha - K'v, and p s = 0. We write v = A'w. Because Toeplitz matrices
commute, K'v = M'w: every relation is then banded, and s + M'w = alpha holds to the last bit.

Newton's step on the perturbed optimality conditions p s = target reduces to

    (A A' + M D M') dw + A G dx = r,    (A G)' dw - P dx = -g,       D = diag(p / s)

a pentadiagonal positive definite matrix N = L L' bordered by the few tonic columns. With
Z = inv(L) A G the Schur complement is P + Z'Z: a sum of squares, so no digits cancel. (The primal
form, M'M + A' inv(D) A, needs G'G - Z'Z, where they all do on real windows.)

Steps are Mehrotra's predictor and corrector (SIAM J. Optim. 2, 1992).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from runtime._cvxeda_model import (
    Array,
    CvxEDAModel,
    banded_product,
    banded_product_transposed,
)

# A step stops this fraction short of the nearest bound.
_TO_BOUNDARY = 0.99


class ScipySteps:
    """Iterates of one problem size; `start` sets a window, each `step` is one iteration.

    Attributes
    ----------
    driver : float64 (n,)
        p > 0.
    tonic_coefficients : float64 (k,)
        x.
    dual : float64 (n,)
        v, equal to the residual at the optimum.
    """

    def __init__(self, model: CvxEDAModel) -> None:
        self._model = model
        ar, ma, n = model.ar, model.ma, model.n
        self._border = np.asfortranarray(banded_product(ar, model.columns))
        self._bands = np.empty((3, n), order="F")
        # Lower bands of A A': the first rows lack the terms from before the window.
        squares, shifted = np.cumsum(ar**2), np.cumsum(ar[:2] * ar[1:])
        self._bands[0] = squares[2]
        self._bands[0, :2] = squares[: min(2, n)]
        self._bands[1] = shifted[1]
        self._bands[1, 0] = shifted[0]
        self._bands[2] = ar[0] * ar[2]
        self._matrix = np.empty((3, n), order="F")
        self._right = np.empty((n, model.columns.shape[1] + 1), order="F")

    def start(self, y: Array, alpha: float) -> None:
        """Set the window y (n,), of mean square 1, and a strictly feasible, centred dual point."""
        model = self._model
        self._alpha = alpha
        self._target = banded_product(model.ar, y)
        gram = model.columns.T @ model.columns + np.diag(model.penalty)
        self.tonic_coefficients = np.linalg.lstsq(gram, model.columns.T @ y, rcond=None)[0]
        self.driver = np.ones(model.n)
        self._slack = np.full(model.n, alpha)
        self._omega = np.zeros(model.n)
        self.dual = np.zeros(model.n)

    def step(self) -> float:
        """Do one iteration; return the complementarity p's that is left, an estimate of the gap."""
        model, p, s = self._model, self.driver, self._slack
        tonic = self._border @ self.tonic_coefficients
        primal = (
            self._target - banded_product(model.ma, p) - tonic - banded_product(model.ar, self.dual)
        )
        coupling = model.columns.T @ self.dual - model.penalty * self.tonic_coefficients
        ratio = p / s
        factor = self._factor(ratio)
        mean = (p @ s) / model.n

        # The predictor aims at p s = 0: its right-hand side is solved with the tonic columns.
        self._right[:, :-1] = self._border
        self._right[:, -1] = primal + banded_product(model.ma, p)
        right, _ = lapack.dtbtrs(factor, self._right, uplo="L")
        columns, forward = right[:, :-1], right[:, -1]
        schur = columns.T @ columns
        schur[np.diag_indices_from(schur)] += model.penalty
        schur_factor, _ = lapack.dpotrf(schur, lower=1)

        def direction(forward: Array) -> tuple[Array, Array]:
            dx, _ = lapack.dpotrs(schur_factor, coupling + columns.T @ forward, lower=1)
            dw, _ = lapack.dtbtrs(factor, (forward - columns @ dx)[:, None], uplo="L", trans="T")
            return dx, dw[:, 0]

        _, dw = direction(forward)
        ds = -banded_product_transposed(model.ma, dw)
        dp = -p - ratio * ds
        length = min(1.0, _longest(p, dp), _longest(s, ds))
        predicted = ((p + length * dp) @ (s + length * ds)) / model.n
        target = mean * (predicted / mean) ** 3

        change = (target - dp * ds) / s - p
        solved, _ = lapack.dtbtrs(
            factor, (primal - banded_product(model.ma, change))[:, None], uplo="L"
        )
        dx, dw = direction(solved[:, 0])
        ds = -banded_product_transposed(model.ma, dw)
        dp = change - ratio * ds
        length = min(1.0, _TO_BOUNDARY * min(_longest(p, dp), _longest(s, ds)))
        self.driver = p + length * dp
        self._slack = s + length * ds
        self._omega += length * dw
        self.dual = banded_product_transposed(model.ar, self._omega)
        self.tonic_coefficients = self.tonic_coefficients + length * dx
        return float(self.driver @ self._slack)

    def _factor(self, ratio: Array) -> Array:
        """Return L of A A' + M D M' in LAPACK's lower band form."""
        ma, matrix = self._model.ma, self._matrix
        matrix[0] = self._bands[0] + ma[0] ** 2 * ratio
        matrix[0, 1:] += ma[1] ** 2 * ratio[:-1]
        matrix[0, 2:] += ma[2] ** 2 * ratio[:-2]
        matrix[1] = self._bands[1] + ma[0] * ma[1] * ratio
        matrix[1, 1:] += ma[1] * ma[2] * ratio[:-1]
        matrix[2] = self._bands[2] + ma[0] * ma[2] * ratio
        factor, failed = lapack.dpbtrf(matrix, lower=1)
        if failed:
            raise np.linalg.LinAlgError(f"row {failed} of the normal equations is not positive")
        result: Array = factor
        return result


def _longest(values: Array, change: Array) -> float:
    """Return the step length at which the first of `values` > 0 reaches zero, infinity if none."""
    steepest = float(np.min(change / values))
    return -1.0 / steepest if steepest < 0.0 else np.inf
