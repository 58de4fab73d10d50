from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import SignalError
from runtime.preprocessing.resample import Resampler


def grid(time_s: np.ndarray, eda_us: np.ndarray, rate_hz: float = 8.0) -> np.ndarray:
    return Resampler(rate_hz, 1.0).push(time_s, eda_us).eda_us


@pytest.mark.parametrize("sensor_hz", [4.0, 7.8125, 8.0, 19.0, 100.0, 1000.0])
def test_a_straight_line_is_returned_exactly(sensor_hz: float) -> None:
    time_s = np.arange(0, 12, 1 / sensor_hz)
    values = grid(time_s, 2.0 + 0.3 * time_s)
    expected = 2.0 + 0.3 * np.arange(values.size) / 8.0
    # The first values lean on what was before the first sample, of which nothing is known.
    np.testing.assert_allclose(values[3:], expected[3:], rtol=0, atol=1e-10)


def test_a_slow_wave_passes_and_mains_hum_does_not() -> None:
    time_s = np.arange(0, 30, 1 / 200.0)
    slow = np.cos(2 * np.pi * 0.5 * time_s)
    values = grid(time_s, slow + 5 * np.cos(2 * np.pi * 50.0 * time_s))
    expected = np.cos(2 * np.pi * 0.5 * np.arange(values.size) / 8.0)
    assert np.abs(values - expected)[8:].max() < 2e-3


@pytest.mark.parametrize("frequency_hz", [6.0, 8.0, 10.0, 16.0, 24.0, 50.0])
def test_what_would_fold_is_suppressed(frequency_hz: float) -> None:
    time_s = np.arange(0, 30, 1 / 500.0)
    values = grid(time_s, np.cos(2 * np.pi * frequency_hz * time_s))
    assert np.abs(values[8:-8]).max() < 0.03


def test_jitter_does_not_bend_a_slow_signal() -> None:
    rng = np.random.default_rng(0)
    time_s = np.arange(0, 60, 1 / 50.0)
    time_s[1:] += rng.uniform(-0.009, 0.009, time_s.size - 1)
    values = grid(time_s, np.sin(2 * np.pi * 0.2 * time_s))
    expected = np.sin(2 * np.pi * 0.2 * np.arange(values.size) / 8.0)
    assert np.abs(values - expected)[8:].max() < 1e-3


def test_a_long_gap_is_bridged_and_marked() -> None:
    time_s = np.concatenate([np.arange(0, 5, 0.1), np.arange(8, 14, 0.1)])
    out = Resampler(8.0, 1.0).push(time_s, time_s)
    at_s = np.arange(out.eda_us.size) / 8.0
    np.testing.assert_array_equal(out.gap, (at_s >= time_s[49]) & (at_s < 8.0 - 1e-12))
    np.testing.assert_allclose(out.eda_us[3:], at_s[3:], atol=1e-10)


def test_missing_values_make_a_gap() -> None:
    time_s = np.arange(0, 10, 0.1)
    eda_us = np.ones(time_s.size)
    eda_us[30:60] = np.nan
    out = Resampler(8.0, 1.0).push(time_s, eda_us)
    np.testing.assert_array_equal(out.eda_us, 1.0)
    assert 0.25 < out.gap.mean() < 0.4


def test_what_is_too_long_for_a_bridge_is_nan_as_soon_as_it_is_known() -> None:
    time_s = np.arange(0, 20, 0.1)
    eda_us = 2.0 + 0.3 * time_s
    eda_us[51:120] = np.nan  # the last value before it at 5 s, the next at 12 s
    stream = Resampler(8.0, 1.0, 3.0)
    early = stream.push(time_s[:81], eda_us[:81])  # 3 s after that value: it may be a bridge yet
    assert (early.first + early.eda_us.size, np.isnan(early.eda_us).any()) == (5 * 8 - 2, False)
    seen = [early, stream.push(time_s[81:100], eda_us[81:100])]
    # Up to the kernel's reach before the newest sample, though that has no value either.
    assert seen[1].first + seen[1].eda_us.size == 9.9 * 8 // 1 - 2
    assert np.isnan(seen[1].eda_us).all() and seen[1].gap.all()
    seen.append(stream.push(time_s[100:], eda_us[100:]))
    values = np.concatenate([part.eda_us for part in seen])
    at_s = np.arange(values.size) / 8
    touched = (at_s > 5 - 3 / 8) & (at_s < 12 + 3 / 8)
    np.testing.assert_array_equal(np.isnan(values), touched)
    np.testing.assert_allclose(values[3:][~touched[3:]], (2 + 0.3 * at_s)[3:][~touched[3:]])


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 400), max_size=30),
    rate_hz=st.sampled_from([4.0, 8.0, 41.7, 128.0]),
    max_bridge_s=st.sampled_from([1.0, 1.5, 4.0, np.inf]),
    open_at=st.integers(0, 400),
)
def test_any_cutting_gives_the_same_bits(
    seed: int, cuts: list[int], rate_hz: float, max_bridge_s: float, open_at: int
) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.choice([1e-4, 0.01, 0.05, 0.2, 1.5], 400, p=[0.1, 0.4, 0.4, 0.09, 0.01]))
    eda_us = rng.uniform(0, 20, 400)
    eda_us[rng.uniform(size=400) < 0.05] = np.nan
    eda_us[open_at : open_at + 60] = np.nan
    whole = Resampler(rate_hz, 1.0, max_bridge_s).push(time_s, eda_us)
    stream = Resampler(rate_hz, 1.0, max_bridge_s)
    edges = [0, *sorted(cuts), 400]
    parts = [stream.push(time_s[a:b], eda_us[a:b]) for a, b in pairwise(edges)]
    assert [p.first for p in parts] == [
        sum(q.eda_us.size for q in parts[:i]) for i in range(len(parts))
    ]
    assert np.concatenate([p.eda_us for p in parts]).tobytes() == whole.eda_us.tobytes()
    np.testing.assert_array_equal(np.concatenate([p.gap for p in parts]), whole.gap)


@pytest.mark.parametrize(
    ("time_s", "eda_us"),
    [
        ([0.0, 0.1, 0.1], [1, 1, 1]),
        ([0.0, 0.2, 0.1], [1, 1, 1]),
        ([0.0, np.inf], [1, 1]),
        ([0.0, 0.1], [1, np.inf]),
        ([0.0, np.nan], [1, 1]),
        ([0.0, np.inf], [1, np.nan]),
    ],
)
def test_impossible_samples_are_refused(time_s: list[float], eda_us: list[float]) -> None:
    with pytest.raises(SignalError):
        Resampler(8.0, 1.0).push(np.array(time_s), np.array(eda_us, dtype=float))


def test_time_that_goes_back_between_calls_is_refused() -> None:
    stream = Resampler(8.0, 1.0)
    stream.push(np.arange(10) / 10, np.ones(10))
    with pytest.raises(SignalError, match="must rise"):
        stream.push(np.array([0.5]), np.ones(1))
    stream.reset()
    stream.push(np.array([0.5]), np.ones(1))


def test_memory_stays_bounded() -> None:
    stream = Resampler(8.0, 1.0)
    for second in range(2000):
        stream.push(second + np.arange(10) / 10, np.ones(10))
    assert stream._time.size < 50
    for second in range(2000, 4000):
        stream.push(second + np.arange(10) / 10, np.full(10, np.nan))
    assert stream._time.size < 50
