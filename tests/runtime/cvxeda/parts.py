"""Windows to decompose, both floors, and the certificate recomputed by other code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from runtime.cvxeda.solver import FLOORS, CvxEDA, Decomposition

Array = NDArray[np.float64]
ALPHA, GAMMA = 8e-4, 1e-2

floors = pytest.mark.parametrize("floor", ["kernel", "scipy"], indirect=True)


@pytest.fixture
def floor(request: pytest.FixtureRequest) -> str:
    if request.param not in FLOORS:
        pytest.skip("the compiled kernel was not built here")
    return str(request.param)


def zscore(y: Array) -> Array:
    return (y - y.mean()) / y.std()


def arousals(n: int, rate_hz: float, seed: int) -> Array:
    """A drifting level with responses of random size and time, and a little noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n) / rate_hz
    y = 5.0 + 0.02 * time_s + 0.3 * np.sin(time_s / 15.0) + 0.003 * rng.standard_normal(n)
    for onset_s in rng.uniform(0.0, n / rate_hz, max(1, int(n / rate_hz / 6.0))):
        late = np.clip(time_s - onset_s, 0.0, None)
        y += rng.uniform(0.1, 0.8) * (np.exp(-late / 2.0) - np.exp(-late / 0.7))
    return zscore(y)


def response(
    rate_hz: float, tau_slow_s: float = 2.0, tau_fast_s: float = 0.7
) -> tuple[Array, Array]:
    """The paper's ma and ar, straight from its formula."""
    d, a0, a1 = 1.0 / rate_hz, 1.0 / tau_slow_s, 1.0 / tau_fast_s
    ar = [(a1 * d + 2) * (a0 * d + 2), 2 * a1 * a0 * d**2 - 8, (a1 * d - 2) * (a0 * d - 2)]
    return np.array([1.0, 2.0, 1.0]), np.array(ar) / ((a1 - a0) * d**2)


def splines(n: int, rate_hz: float, spacing_s: float = 10.0) -> Array:
    """Cubic B-splines of peak 1 by de Boor's closed form, on the triangle's integer grid."""
    spacing = round(spacing_s * rate_hz)
    knots = np.arange(0, n + spacing // 2, spacing)
    triangle = np.minimum(np.arange(1, 2 * spacing), np.arange(2 * spacing - 1, 0, -1.0))
    bump = np.convolve(triangle, triangle)
    at = np.arange(n)[:, None] - knots + len(bump) // 2
    return np.where((at >= 0) & (at < len(bump)), bump[at.clip(0, len(bump) - 1)], 0) / bump.max()


def check_certificate(y: Array, rate_hz: float, parts: Decomposition) -> None:
    """Recompute objective, feasibility and gap by other code than the solver's."""
    n = len(y)
    ma, ar = response(rate_hz)
    B = splines(n, rate_hz)
    C = np.column_stack([np.ones(n), np.arange(1, n + 1) / n])
    phasic = lfilter(ma, ar, parts.driver)
    tonic = B @ parts.spline_coefficients + C @ parts.baseline_coefficients
    residual = y - phasic - tonic
    tolerance = 1e-9 * max(1.0, float(np.ptp(parts.phasic)))
    np.testing.assert_allclose(parts.phasic, phasic, atol=tolerance)
    np.testing.assert_allclose(parts.tonic, tonic, atol=tolerance)
    np.testing.assert_allclose(parts.tonic + parts.phasic + parts.residual, y, atol=tolerance)
    assert parts.driver.min() >= 0.0

    penalty = 0.5 * GAMMA * np.sum(parts.spline_coefficients**2)
    primal = 0.5 * residual @ residual + ALPHA * parts.driver.sum() + penalty
    v = parts.dual
    correlation = lfilter(ma, ar, v[::-1])[::-1]
    assert correlation.max() <= ALPHA * (1 + 1e-9)
    assert np.abs(C.T @ v).max() <= 1e-9 * np.abs(v).sum()
    dual = y @ v - 0.5 * v @ v - 0.5 * np.sum((B.T @ v) ** 2) / GAMMA
    assert parts.objective == pytest.approx(primal, rel=1e-9)
    assert (primal - dual) / primal <= 1e-8
    assert parts.gap == pytest.approx((primal - dual) / primal, abs=2e-9)


def check_both_floors(y: Array, rate_hz: float, **parameters: Any) -> None:
    """The kernel and SciPy find the same optimum, and prove it."""
    kernel, scipy = (
        CvxEDA(len(y), rate_hz, floor=floor, **parameters).solve(y) for floor in FLOORS
    )
    assert kernel.converged and scipy.converged
    assert kernel.objective == pytest.approx(scipy.objective, rel=1e-9)
    size = float(np.abs(y).max())
    parts = kernel.tonic + kernel.phasic + kernel.residual
    np.testing.assert_allclose(parts, y, atol=1e-12 * size)
