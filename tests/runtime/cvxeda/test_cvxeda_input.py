"""Bad input to cvxEDA: a right answer or an error that names the problem, never NaN or a hang."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device.errors import SignalError, SignalWarning
from runtime.cvxeda.solver import FLOORS, CvxEDA, Decomposition
from tests.runtime.cvxeda.parts import arousals, floor, floors

__all__ = ["floor"]


def check_finite(parts: Decomposition, n: int) -> None:
    for name in ("tonic", "phasic", "driver", "residual", "dual"):
        values = getattr(parts, name)
        assert values.shape == (n,) and values.dtype == np.float64
        assert np.isfinite(values).all()
    assert np.isfinite(parts.objective) and parts.objective >= 0.0
    assert 0.0 <= parts.gap <= 1.0
    assert parts.driver.min() >= 0.0


@floors
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ([1.0, np.nan, 2.0, 3.0], "sample 1 of the window is nan"),
        ([1.0, 2.0, np.inf, 3.0], "sample 2 of the window is inf"),
        ([1.0, 2.0, -np.inf, 3.0], "sample 2 of the window is -inf"),
        ([1.0, 2.0, 3.0, 1e200], "sample 3 of the window is 1e\\+200"),
        ([1.0, 2.0, 3.0], r"shape \(3,\).*prepared for \(4,\)"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], r"shape \(5,\).*prepared for \(4,\)"),
        ([[1.0, 2.0], [3.0, 4.0]], r"shape \(2, 2\)"),
        (["a", "b", "c", "d"], "real numbers"),
        ([1j, 2.0, 3.0, 4.0], "real numbers"),
        ([None, 1.0, 2.0, 3.0], "real numbers"),
    ],
)
def test_unusable_windows_are_named(bad: object, says: str, floor: str) -> None:
    with pytest.raises(SignalError, match=says):
        CvxEDA(4, 4.0, floor=floor).decompose(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"n": 2}, "n is 2"),
        ({"rate_hz": 0.0}, "rate_hz is 0"),
        ({"rate_hz": np.nan}, "rate_hz is nan"),
        ({"tau_slow_s": -1.0}, "tau_slow_s is -1"),
        ({"tau_slow_s": 0.7}, "both time constants"),
        ({"knot_spacing_s": np.inf}, "knot_spacing_s is inf"),
        ({"n": 100_000, "knot_spacing_s": 0.01}, "knots"),
        ({"alpha": 0.0}, "alpha is 0"),
        ({"gamma": -1.0}, "gamma is -1"),
        ({"baseline": "quadratic"}, "baseline is 'quadratic'"),
        ({"tolerance": 0.0}, "tolerance is 0"),
        ({"max_iterations": 0}, "max_iterations 0"),
        ({"floor": "cellar"}, "'cellar' is not installed"),
    ],
)
def test_parameters_out_of_range_are_named(parameters: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CvxEDA(**{"n": 240, "rate_hz": 4.0, **parameters})  # type: ignore[arg-type]


@floors
@pytest.mark.parametrize("level", [0.0, 5.0, -3e7, 1e10])
def test_a_constant_is_all_tonic(level: float, floor: str) -> None:
    parts = CvxEDA(240, 4.0, floor=floor).decompose(np.full(240, level))
    check_finite(parts, 240)
    np.testing.assert_array_equal(parts.tonic, level)
    np.testing.assert_array_equal(parts.phasic, 0.0)
    assert parts.objective == 0.0 and parts.gap == 0.0 and parts.converged


@floors
@pytest.mark.parametrize("size", [1.0, 15.5, 1e9, -15.5])
def test_a_single_spike(size: float, floor: str) -> None:
    y = np.zeros(240)
    y[100] = size
    parts = CvxEDA(240, 4.0, floor=floor).decompose(y)
    check_finite(parts, 240)
    assert parts.converged


@floors
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e-3, 1e3, 1e9])
def test_scale(scale: float, floor: str) -> None:
    y = arousals(240, 4.0, seed=1)
    parts = CvxEDA(240, 4.0, floor=floor).decompose(scale * y)
    check_finite(parts, 240)
    assert parts.converged
    # The problem is the same in another unit, if the weights are.
    same = CvxEDA(240, 4.0, floor=floor, alpha=8e-4 / scale).decompose(y) if scale > 1e-9 else None
    if same is not None:
        np.testing.assert_allclose(parts.phasic, scale * same.phasic, atol=1e-5 * scale)


@floors
def test_a_large_offset_changes_the_tonic_only(floor: str) -> None:
    y = arousals(240, 4.0, seed=2)
    split = CvxEDA(240, 4.0, floor=floor)
    near = split.decompose(y)
    with pytest.warns(SignalWarning):
        far = split.decompose(y + 1e6)
    np.testing.assert_allclose(far.phasic, near.phasic, atol=1e-5)
    np.testing.assert_allclose(far.tonic - 1e6, near.tonic, atol=1e-5)


@floors
def test_layout_and_type_do_not_matter(floor: str) -> None:
    y = np.round(arousals(240, 4.0, seed=3), 2).astype(np.float32)
    split = CvxEDA(240, 4.0, floor=floor)
    want = split.decompose(y.astype(np.float64)).phasic.tobytes()
    strided = np.repeat(y, 3)[::3]
    backward = np.ascontiguousarray(y[::-1])[::-1]
    read_only = y.copy()
    read_only.setflags(write=False)
    for same in (y, strided, backward, read_only, y.tolist(), y.astype(">f4")):
        assert split.decompose(same).phasic.tobytes() == want


@floors
def test_the_window_is_left_alone_and_answers_are_ones_own(floor: str) -> None:
    split = CvxEDA(240, 4.0, floor=floor)
    y = arousals(240, 4.0, seed=4)
    before = y.copy()
    parts = split.decompose(y)
    kept = parts.phasic.copy()
    split.decompose(arousals(240, 4.0, seed=5))
    np.testing.assert_array_equal(y, before)
    np.testing.assert_array_equal(parts.phasic, kept)


@floors
@pytest.mark.parametrize("n", range(3, 20))
def test_the_shortest_windows(n: int, floor: str) -> None:
    parts = CvxEDA(n, 4.0, floor=floor).decompose(np.random.default_rng(n).standard_normal(n))
    check_finite(parts, n)
    assert parts.converged


_PREPARED = {(n, f): CvxEDA(n, 4.0, floor=f) for n in (3, 17, 64) for f in FLOORS}  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::device.errors.SignalWarning")
@settings(deadline=None, max_examples=150)
@given(
    which=st.sampled_from(sorted(_PREPARED)),
    data=st.data(),
    scale=st.sampled_from([1e-12, 1e-3, 1.0, 1e3, 1e9]),
)
def test_any_floats(which: tuple[int, str], data: st.DataObject, scale: float) -> None:
    n, _ = which
    ordinary = hnp.arrays(np.float64, n, elements=st.floats(-1.0, 1.0))
    odd = st.floats(-1.0, 1.0) | st.sampled_from([np.nan, np.inf, -np.inf, 1e290, 1e-310])
    y = scale * data.draw(ordinary | hnp.arrays(np.float64, n, elements=odd))
    if not np.all(np.abs(y) <= 1e10):
        with pytest.raises(SignalError, match=r"sample \d+ of the window is"):
            _PREPARED[which].decompose(y)
        return
    parts = _PREPARED[which].decompose(y)
    check_finite(parts, n)
    assert parts.iterations <= 100
