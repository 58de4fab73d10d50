"""Pieces with many splines: products that take the splines that meet, and a banded factor."""

from __future__ import annotations

import numpy as np
import pytest

from runtime.cvxeda.model import MANY_SPLINES, prepare
from runtime.cvxeda.solver import FLOORS, CvxEDA
from tests.runtime.cvxeda.parts import arousals


@pytest.mark.parametrize("baseline", ["none", "linear", "spline"])
@pytest.mark.parametrize(("n", "rate_hz"), [(2400, 4.0), (2395, 4.0), (2421, 4.0), (400, 1.0)])
def test_products_are_those_of_all_columns(n: int, rate_hz: float, baseline: str) -> None:
    model = prepare(
        n, rate_hz, tau_slow_s=2.0, tau_fast_s=0.7, knot_spacing_s=10.0, gamma=0.01,
        baseline=baseline,
    )  # fmt: skip
    assert model.splines >= MANY_SPLINES
    rng = np.random.default_rng(n)
    coefficients, signal = rng.normal(size=model.columns.shape[1]), rng.normal(size=n)
    np.testing.assert_allclose(
        model.tonic(coefficients), model.columns @ coefficients, rtol=0, atol=1e-11
    )
    np.testing.assert_allclose(model.coupling(signal), model.columns.T @ signal, atol=1e-11)


@pytest.mark.skipif("kernel" not in FLOORS, reason="the kernel was not built here")
@pytest.mark.parametrize("baseline", ["none", "linear"])
@pytest.mark.parametrize("knot_spacing_s", [10.0])
def test_both_floors_agree_where_most_splines_do_not_meet(
    baseline: str, knot_spacing_s: float
) -> None:
    n, rate_hz = 1390, 4.0
    y = arousals(n, rate_hz, seed=1)
    kernel, scipy = (
        CvxEDA(n, rate_hz, knot_spacing_s=knot_spacing_s, baseline=baseline, floor=floor).solve(y)
        for floor in ("kernel", "scipy")
    )
    assert kernel.converged and scipy.converged
    np.testing.assert_allclose(kernel.phasic, scipy.phasic, atol=1e-3)
    assert kernel.objective == pytest.approx(scipy.objective, rel=2e-9)
