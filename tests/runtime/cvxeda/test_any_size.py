"""Windows of any length at any rate, on both floors."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.cvxeda.problem import Baseline
from runtime.cvxeda.solver import FLOORS, CvxEDA, Floor
from tests.runtime.cvxeda.parts import arousals, check_both_floors, floor, floors
from tests.runtime.cvxeda.test_cvxeda_input import check_finite

__all__ = ["floor"]

# Most lengths are short, as most windows are, and so that the test is quick.
sizes = st.tuples(
    st.integers(3, 3000) | st.integers(3, 20_000),
    st.floats(0.5, 2000.0) | st.sampled_from([17.0, 19.0, 25.0, 31.25, 33.0, 62.5, 125.0]),
)


def knots(size: tuple[int, float]) -> float:
    n, rate_hz = size
    return n / max(1, round(10 * rate_hz))


@pytest.mark.parametrize("which", FLOORS)
@settings(deadline=None, max_examples=25, derandomize=True)
# The SciPy floor takes minutes for hundreds of knots.
@given(size=sizes.filter(lambda size: knots(size) <= 30))
@example(size=(1125, 25.0))
@example(size=(1810, 19.0))
@example(size=(20_000, 2000.0))
@example(size=(20_000, 31.25))
@example(size=(3, 0.5))
@example(size=(500, 0.5))
def test_any_length_and_rate(which: Floor, size: tuple[int, float]) -> None:
    n, rate_hz = size
    y = arousals(n, rate_hz, seed=n)
    parts = CvxEDA(n, rate_hz, floor=which).decompose(y)
    check_finite(parts, n)
    assert parts.converged
    assert parts.iterations <= 40


def test_hours() -> None:
    n, rate_hz = 6_000, 2.0
    parts = CvxEDA(n, rate_hz, floor=FLOORS[0]).decompose(arousals(n, rate_hz, seed=n))
    assert parts.converged


def test_more_knots_than_can_be_solved_at_once_are_refused() -> None:
    assert knots((20_000, 0.5)) > 1000
    with pytest.raises(ValueError, match=r"more than 1000 knots.*decompose"):
        CvxEDA(20_000, 0.5)


@floors
@pytest.mark.parametrize("rate_hz", [17.0, 19.0, 25.0, 31.25, 33.0, 35.0, 62.5, 75.0, 125.0])
def test_whole_seconds_at_odd_rates(rate_hz: float, floor: str) -> None:
    for seconds in (40, 44, 45, 60, 65):
        n = round(seconds * rate_hz)
        y = arousals(n, rate_hz, seed=seconds)
        parts = CvxEDA(n, rate_hz, floor=floor).decompose(y)  # type: ignore[arg-type]
        # The coarser start helps here as it does at round rates.
        assert parts.converged and parts.iterations <= 20


@pytest.mark.skipif("kernel" not in FLOORS, reason="the compiled kernel was not built here")
@pytest.mark.parametrize("baseline", get_args(Baseline))
@pytest.mark.parametrize("spacing", [1, 2, 3, 4, 5])
def test_few_samples_from_knot_to_knot(spacing: int, baseline: Baseline) -> None:
    for n in (3, 4, 5, 16, 17, 101):
        y = np.random.default_rng(n).standard_normal(n)
        check_both_floors(y, 1.0, knot_spacing_s=float(spacing), baseline=baseline)
