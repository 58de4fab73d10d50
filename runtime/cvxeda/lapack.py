"""The interior-point iteration of cvxEDA on NumPy and LAPACK: the floor that works everywhere.

The problem, with K = M inv(A), tonic basis G = [B C] and penalty matrix P = diag(gamma, 0),

    minimise   1/2 |e|^2 + alpha sum(p) + 1/2 x'P x    over p >= 0 and x,  e = y - K p - G x

has the dual: maximise y'v - 1/2 |v|^2 - 1/(2 gamma) |B'v|^2 over K'v <= alpha, C'v = 0. At the
optimum v = e and p s = 0 with the slack s = alpha - K'v. Newton's step on p s = target, written
dv = A'w (Toeplitz matrices commute, so K'dv = M'w and every relation is banded), reduces to

    (A A' + M D M') w + A G dx = r,    (A G)'w - P dx = -g,    D = diag(p / s)

a pentadiagonal positive definite matrix N = L L' bordered by the few tonic columns. With
Z = inv(L) A G its Schur complement is P + Z'Z: a sum of squares, in which no digits cancel. (The
primal form, M'M + A' inv(D) A, has G'G - Z'Z instead: on real windows it loses all of them.)

Steps are Mehrotra's predictor and corrector (SIAM J. Optim. 2, 1992, doi:10.1137/0802028).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import lapack

from runtime.cvxeda.model import Array, CvxEDAModel, product, product_transposed
from runtime.cvxeda.steps import Steps

# A step goes 1 - target/alpha of the way to the nearest bound, but within these limits. The upper
# one matters: from 0.995 on, one window in a thousand ends in a cycle, two neighbours of the driver
# taking turns at their bounds; at 0.98 and at 0.99 none of 9000 did, in as few iterations.
SHORTEST_REACH, LONGEST_REACH = 0.9, 0.98
# From this complementarity, relative to the objective, on the residuals are taken anew at every
# iterate: dearer, and exact to the last digits.
NEAR = 1e-7


class ScipySteps(Steps):
    """The iteration on NumPy and LAPACK."""

    def __init__(self, model: CvxEDAModel) -> None:
        super().__init__(model)
        n, columns = model.columns.shape
        self.y, self.dual = np.zeros((2, n))
        self._state, self._change = np.zeros((2, 2, n))
        self.driver, self.slack = self._state
        self.coefficients = np.zeros(columns)
        # The lower bands of T diag(d) T' are linear in d[i], d[i-1] and d[i-2]; before the window
        # d is 0. Bands are kept as (n, 3): the transpose of LAPACK's (3, n) in Fortran order.
        self._lagged = np.zeros(n + 2)
        self._lags = np.lib.stride_tricks.sliding_window_view(self._lagged, 3)
        self._lagged[2:] = 1.0
        self._aa_bands = self._lags @ _band_weights(model.ar)
        self._mm_weights = _band_weights(model.ma)
        # LAPACK's forward substitution is bound by calls, not by arithmetic: two real columns
        # travel as one complex column in a third of the time. The last slot is the predictor's.
        slots = columns // 2 + 1
        self._packed = np.zeros((n, slots), dtype=np.complex128, order="F")
        for column in range(columns):
            part = self._packed.imag if column % 2 else self._packed.real
            part[:, column // 2] = product(model.ar, model.columns[:, column])
        # A spline is zero, and stays so, above its support.
        self._first_rows = [int(row) for row in np.argmax(self._packed != 0.0, axis=0)]
        self._first_rows[-1] = 0
        self._near = False
        self._penalty = np.diag(model.penalty)
        # Large temporaries would be mapped and unmapped by the system at every iteration.
        self._bands = np.empty((n, 3))
        self._factor = self._bands.T
        self._unit = np.zeros((3, n), dtype=np.complex128, order="F")
        self._solved = np.empty_like(self._packed)
        self._forward = np.empty((n, 2 * slots), order="F")

    def start(self) -> None:
        """Set the iterate to iterate from."""
        super().start()
        self.measure(exact=True)
        self._near = False

    def measure(self, *, exact: bool = False) -> float:
        """Take the residuals of the iterate and return its objective."""
        model, p, v, x = self.model, self.driver, self.dual, self.coefficients
        self.complementarity = float(p @ self.slack)
        objective = 0.5 * float(model.penalty @ (x * x)) + self.alpha * float(p.sum())
        self.exact = exact or self._near
        if not self.exact:
            # Each step has shrunk the residuals by its length; they are as good as new.
            objective += 0.5 * float(v @ v)
            self._near = self.complementarity < NEAR * objective
            return objective
        self.phasic, self.correlation = model.phasic(p), model.correlation(v)
        residual = self.y - self.phasic - model.columns @ x
        self._primal_residual = product(model.ar, residual - v)
        self._dual_residual = self.alpha - self.slack - self.correlation
        self._coupling = model.columns.T @ v - model.penalty * x
        return objective + 0.5 * float(residual @ residual)

    def advance(self) -> bool:
        """Do one predictor-corrector step; False where the arithmetic can go no further."""
        model, p, s = self.model, self.driver, self.slack
        n, k = model.n, len(self.coefficients)
        primal, dual, coupling = self._primal_residual, self._dual_residual, self._coupling
        ratio = p / s
        factor, solved, forward = self._factor, self._solved, self._forward
        self._lagged[2:] = ratio
        np.matmul(self._lags, self._mm_weights, out=self._bands)
        self._bands += self._aa_bands
        _, failed = lapack.dpbtrf(factor, lower=1, overwrite_ab=1)
        if failed:
            return False

        # Predictor: aims at p s = 0. Its right-hand side is solved together with the border.
        solved[:] = self._packed
        last = solved.imag if k % 2 else solved.real
        last[:, -1] = primal + product(model.ma, p + ratio * dual)
        inverse = 1.0 / factor[0]
        np.multiply(factor, inverse, out=self._unit.real)
        for slot, first_row in enumerate(self._first_rows):
            part = solved[first_row:, slot : slot + 1]
            lapack.ztbtrs(self._unit[:, first_row:], part, uplo="L", diag="U", overwrite_b=1)
        np.multiply(solved.real, inverse[:, None], out=forward[:, 0::2])
        np.multiply(solved.imag, inverse[:, None], out=forward[:, 1::2])
        gram = forward.T @ forward
        z, first = forward[:, :k], forward[:, k]
        schur, failed = lapack.dpotrf(gram[:k, :k] + self._penalty, lower=1)
        if failed:
            return False

        dp, ds = self._change
        left = float(p @ s)

        def direct(rhs: Array, products: Array, change: Array) -> tuple[Array, Array, float]:
            """Set dp and ds; return dx, w and the step length that reaches the first bound."""
            dx, _ = lapack.dpotrs(schur, coupling + products, lower=1)
            w, _ = lapack.dtbtrs(factor, (rhs - z @ dx)[:, None], uplo="L", trans="T")
            np.subtract(dual, product_transposed(model.ma, w[:, 0]), out=ds)
            np.subtract(change, ratio * ds, out=dp)
            steepest = float((self._change / self._state).min())
            return dx, w[:, 0], -1.0 / min(steepest, -1e-30)

        *_, reach = direct(first, gram[:k, k], -p)
        length = min(1.0, reach)
        predicted = left + length * float(p @ ds + s @ dp) + length**2 * float(dp @ ds)
        target = (left / n) * (predicted / left) ** 3

        # Corrector: centres, and makes up for the product of the predictor's changes.
        change = (target - dp * ds) / s - p
        rhs = primal - product(model.ma, change - ratio * dual)
        second = lapack.dtbtrs(factor, rhs[:, None], uplo="L")[0][:, 0]
        dx, w, reach = direct(second, z.T @ second, change)
        fraction = min(max(SHORTEST_REACH, 1.0 - target / self.alpha), LONGEST_REACH)
        length = min(1.0, fraction * reach)
        if not math.isfinite(length * float(dp @ ds)):
            return False
        self._state += length * self._change
        self.dual += length * product_transposed(model.ar, w)
        self.coefficients += length * dx
        left_over = 1.0 - length
        self._primal_residual, self._dual_residual = left_over * primal, left_over * dual
        self._coupling = left_over * coupling
        return True


def _band_weights(taps: Array) -> Array:
    """Return W (3, 3): the lower bands of T diag(d) T' in row i are (d[i-2], d[i-1], d[i]) W."""
    t0, t1, t2 = taps
    return np.array([[t2 * t2, 0.0, 0.0], [t1 * t1, t1 * t2, 0.0], [t0 * t0, t0 * t1, t0 * t2]])
