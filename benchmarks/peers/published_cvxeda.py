"""cvxEDA as published, solved by cvxopt: the peer of every decomposition benchmark.

Written from the formulas of Greco et al. 2015 (doi:10.1109/TBME.2015.2474131), with sparse matrices
and cvxopt's general quadratic solver at the published tolerance; the matrices are built in every
call, as the published function does. It shares no code with ours, unlike
`benchmarks.peers.cvxopt_solver`, which takes prepared matrices.
"""

from __future__ import annotations

import cvxopt
import numpy as np

from device.samples import FloatArray

_TAU_SLOW_S, _TAU_FAST_S, _KNOT_S, _ALPHA, _GAMMA = 2.0, 0.7, 10.0, 8e-4, 1e-2


def decompose(y: FloatArray, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return tonic and phasic of a z-scored window, float64 (n,) each."""
    n, step_s = y.size, 1.0 / rate_hz
    fast, slow = 1.0 / _TAU_FAST_S, 1.0 / _TAU_SLOW_S
    ar = np.array(
        [
            (fast * step_s + 2.0) * (slow * step_s + 2.0),
            2.0 * fast * slow * step_s**2 - 8.0,
            (fast * step_s - 2.0) * (slow * step_s - 2.0),
        ]
    ) / ((fast - slow) * step_s**2)
    a, m = _toeplitz(ar, n), _toeplitz(np.array([1.0, 2.0, 1.0]), n)
    splines = _sparse(_splines(n, round(_KNOT_S * rate_hz)))
    baseline = cvxopt.matrix(np.column_stack([np.ones(n), np.arange(1, n + 1) / n]))
    knots = splines.size[1]
    ridge = cvxopt.spmatrix(_GAMMA, range(knots), range(knots))
    mt, bt, ct = m.T, splines.T, baseline.T
    quadratic = cvxopt.sparse(
        [
            [mt * m, bt * m, ct * m],
            [mt * splines, bt * splines + ridge, ct * splines],
            [mt * baseline, bt * baseline, ct * baseline],
        ]
    )
    data = cvxopt.matrix(y)
    weight = cvxopt.matrix(_ALPHA, (n, 1), tc="d")
    linear = cvxopt.matrix([a.T * weight - mt * data, -(bt * data), -(ct * data)])
    empty = [cvxopt.spmatrix([], [], [], (n, columns)) for columns in (knots, 2)]
    driver_not_negative = cvxopt.sparse([[-a], *([block] for block in empty)])
    solution = cvxopt.solvers.qp(
        quadratic,
        linear,
        driver_not_negative,
        cvxopt.matrix(0.0, (n, 1)),
        options={"reltol": 1e-9, "show_progress": False},
    )["x"]
    phasic = m * solution[:n]
    tonic = splines * solution[n : n + knots] + baseline * solution[n + knots :]
    return np.array(tonic).ravel(), np.array(phasic).ravel()


def _toeplitz(coefficients: FloatArray, n: int) -> cvxopt.spmatrix:
    rows = np.concatenate([np.arange(k, n) for k in range(coefficients.size)])
    columns = np.concatenate([np.arange(n - k) for k in range(coefficients.size)])
    values = np.concatenate([np.full(n - k, c) for k, c in enumerate(coefficients)])
    return cvxopt.spmatrix(values, rows, columns, (n, n))


def _splines(n: int, spacing: int) -> FloatArray:
    """Return cubic splines of peak 1 at knots 0, spacing, 2 spacing ..., float64 (n, knots)."""
    triangle = np.concatenate([np.arange(1, spacing), np.arange(spacing, 0, -1)]).astype(float)
    bump = np.convolve(triangle, triangle)
    bump /= bump.max()
    middle = bump.size // 2
    knots = np.arange(0, n + spacing // 2, spacing)
    columns = np.zeros((n, knots.size))
    for j, knot in enumerate(knots.tolist()):
        first, stop = max(0, knot - middle), min(n, knot + middle + 1)
        columns[first:stop, j] = bump[first - knot + middle : stop - knot + middle]
    return columns


def _sparse(dense: FloatArray) -> cvxopt.spmatrix:
    rows, columns = np.nonzero(dense)
    return cvxopt.spmatrix(dense[rows, columns], rows, columns, dense.shape)
