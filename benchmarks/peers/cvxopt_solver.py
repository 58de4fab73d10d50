"""cvxEDA as a general quadratic program for cvxopt: the reference to compare `runtime` with.

The published method formulated with sparse matrices and handed to a general interior-point solver;
written from the paper (doi:10.1109/TBME.2015.2474131), not from its code. cvxopt is GPL-3 and
heavy, so it is an extra for training machines: no decomposition of ours depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from device.errors import MissingExtraError
from runtime.cvxeda.model import Array, prepare


@dataclass(frozen=True)
class Reference:
    """What cvxopt found: parts (n,) of the window and the objective."""

    tonic: Array
    phasic: Array
    driver: Array
    objective: float


class CvxoptReference:
    """The quadratic program of one window length; the parameters are those of `CvxEDA`.

    Raises
    ------
    MissingExtraError
        cvxopt is not installed.
    """

    def __init__(
        self,
        n: int,
        rate_hz: float,
        *,
        tau_slow_s: float = 2.0,
        tau_fast_s: float = 0.7,
        knot_spacing_s: float = 10.0,
        alpha: float = 8e-4,
        gamma: float = 1e-2,
        baseline: str = "linear",
    ) -> None:
        try:
            import cvxopt
        except ModuleNotFoundError as error:
            raise MissingExtraError("cvxopt", "train", "The reference decomposition") from error
        self._cvxopt: Any = cvxopt
        model = prepare(
            n,
            rate_hz,
            tau_slow_s=tau_slow_s,
            tau_fast_s=tau_fast_s,
            knot_spacing_s=knot_spacing_s,
            gamma=gamma,
            baseline=baseline,
        )
        # The paper's own scale: ma = (1, 2, 1).
        scale = 1.0 / model.ma[0]
        # As published: the other tolerances are cvxopt's own.
        self._options = {"show_progress": False, "reltol": 1e-9}
        self._columns = model.columns
        self._alpha, self._penalty = alpha, model.penalty
        k = model.columns.shape[1]
        self._ar, self._ma = (
            self._toeplitz(n, scale * model.ar),
            self._toeplitz(n, scale * model.ma),
        )
        rows, columns = np.nonzero(model.columns)
        self._tonic = self._sparse(model.columns[rows, columns], rows, columns, (n, k))
        ma_t, tonic_t = self._ma.T, self._tonic.T
        penalty = self._sparse(model.penalty, np.arange(k), np.arange(k), (k, k))
        self._quadratic = cvxopt.sparse(
            [
                [ma_t * self._ma, tonic_t * self._ma],
                [ma_t * self._tonic, tonic_t * self._tonic + penalty],
            ]
        )
        self._driver_cost = self._ar.T * cvxopt.matrix(alpha, (n, 1))
        self._constraint = cvxopt.sparse([[-self._ar], [self._sparse([], [], [], (n, k))]])

    def decompose(self, y: Array) -> Reference:
        """Split a window y (n,), already z-scored by the caller."""
        cvxopt, n = self._cvxopt, len(y)
        window = cvxopt.matrix(y)
        cost = cvxopt.matrix([self._driver_cost - self._ma.T * window, -(self._tonic.T * window)])
        bound = cvxopt.matrix(0.0, (n, 1))
        answer = cvxopt.solvers.qp(
            self._quadratic, cost, self._constraint, bound, options=self._options
        )["x"]
        phasic = np.array(self._ma * answer[:n]).ravel()
        driver = np.array(self._ar * answer[:n]).ravel()
        coefficients = np.array(answer[n:]).ravel()
        tonic = self._columns @ coefficients
        residual = y - phasic - tonic
        objective = (
            0.5 * float(residual @ residual)
            + self._alpha * float(driver.sum())
            + 0.5 * float(self._penalty @ coefficients**2)
        )
        return Reference(tonic, phasic, driver, objective)

    def _sparse(self, values: Any, rows: Any, columns: Any, size: tuple[int, int]) -> Any:
        as_list = (
            np.asarray(values, float).tolist(),
            list(map(int, rows)),
            list(map(int, columns)),
        )
        return self._cvxopt.spmatrix(*as_list, size)

    def _toeplitz(self, n: int, taps: Array) -> Any:
        rows = np.concatenate([np.arange(lag, n) for lag in range(3)])
        columns = np.concatenate([np.arange(n - lag) for lag in range(3)])
        return self._sparse(np.repeat(taps, [n, n - 1, n - 2]), rows, columns, (n, n))
