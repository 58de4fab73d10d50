"""Long gaps cost nothing, a leap of the clock begins a new stream, a slow clock makes no gaps."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import SignalError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.resample import Resampler
from runtime.preprocessing.windows import Preprocessor, Window

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def recording() -> Samples:
    return simulate(Person(), 45.0, 19.0, arousal=lambda t: 0.9 if t > 20 else 0.1, seed=5)


def away(recording: Samples, gap_s: float, at_s: float = 20.0) -> np.ndarray:
    return recording.time_s + np.where(recording.time_s > at_s, gap_s, 0.0)


@pytest.mark.parametrize("gap_s", [3 * DAY_S, 30 * DAY_S, 1.7e9])
def test_a_gap_costs_no_memory(tiny_contract: Contract, recording: Samples, gap_s: float) -> None:
    time_s, stream = away(recording, gap_s), Preprocessor(tiny_contract)
    tracemalloc.start()
    windows = stream.push(time_s, recording.eda_us)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6
    assert windows[-1].input is not None and windows[-1].end_s > gap_s + 40
    assert len(windows) < 45


def same(one: list[Window], other: list[Window]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_equal(dataclasses.asdict(a), dataclasses.asdict(b))


@settings(deadline=None, max_examples=12)
@given(
    gap_s=st.floats(31.0, 400.0),
    at_s=st.floats(0.0, 44.0),
    hop_s=st.sampled_from([1.0, 3.0, 20.0]),
    cuts=st.lists(st.integers(0, 45 * 19), max_size=4),
    open_s=st.sampled_from([0.0, 4.0]),
)
def test_leaping_over_a_gap_changes_no_bit(
    tiny_contract: Contract,
    recording: Samples,
    gap_s: float,
    at_s: float,
    hop_s: float,
    cuts: list[int],
    open_s: float,
) -> None:
    contract = dataclasses.replace(tiny_contract, hop_s=hop_s)
    time_s = away(recording, gap_s, at_s)
    eda_us = np.where(np.abs(recording.time_s - at_s) < open_s, np.nan, recording.eda_us)
    filled, leapt = Preprocessor(contract), Preprocessor(contract)
    filled._after_s = np.inf
    windows = []
    for piece in np.split(np.arange(time_s.size), sorted(cuts)):
        windows += leapt.push(time_s[piece], eda_us[piece])
    same(filled.push(time_s, eda_us), windows)


def test_a_leap_of_the_clock_begins_a_new_stream(
    tiny_contract: Contract, recording: Samples, caplog: pytest.LogCaptureFixture
) -> None:
    """Seconds since the start, followed by seconds since 1970."""
    time_s = away(recording, 1.7e9)
    windows = Preprocessor(tiny_contract).push(time_s, recording.eda_us)
    after = time_s > 1e9
    fresh = Preprocessor(tiny_contract).push(time_s[after], recording.eda_us[after])
    (first, *rest) = windows[-len(fresh) :]
    assert first.reasons[0] == "the clock leapt by 19676 days: a new stream"
    assert "a new stream begins" in caplog.text
    same([dataclasses.replace(first, reasons=fresh[0].reasons), *rest], fresh)
    assert windows[0].index == fresh[0].index == 0


def test_a_clock_that_goes_back_is_refused_and_changes_nothing(
    tiny_contract: Contract, recording: Samples
) -> None:
    stream, undisturbed = Preprocessor(tiny_contract), Preprocessor(tiny_contract)
    half = len(recording) // 2
    a, b = slice(0, half), slice(half, None)
    same(
        stream.push(recording.time_s[a], recording.eda_us[a]),
        undisturbed.push(recording.time_s[a], recording.eda_us[a]),
    )
    for time_s, eda_us in (([5.0], [np.nan]), ([5.0], [1.0]), ([99.0, 98.0], [np.nan, 1.0])):
        with pytest.raises(SignalError, match=r"must rise.*reset"):
            stream.push(np.array(time_s), np.array(eda_us))
    same(
        stream.push(recording.time_s[b], recording.eda_us[b]),
        undisturbed.push(recording.time_s[b], recording.eda_us[b]),
    )


@pytest.mark.parametrize("step_s", [1.0, 1.00005, 1.02])
def test_a_sensor_at_the_longest_step_has_no_gaps(step_s: float) -> None:
    """A clock is never exact: 1 Hz by name may be a step of 1.00005 s."""
    contract = Contract(max_gap_s=1.0)
    time_s = step_s * np.arange(90)
    rng = np.random.default_rng(0)
    windows = Preprocessor(contract).push(
        time_s + rng.uniform(-0.01, 0.01, 90), 5 + 0.3 * np.sin(time_s / 9)
    )
    assert windows
    assert all(window.gap_share == 0 and window.input is not None for window in windows)


def test_a_step_that_is_clearly_longer_is_a_gap() -> None:
    time_s = 1.1 * np.arange(30)
    assert Resampler(8.0, 1.0).push(time_s, np.ones(30)).gap.all()
