"""The promise: a window seen live and the same window seen in training are one."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.windows import Preprocessor, Window, stretch


@pytest.fixture(scope="module")
def recording() -> Samples:
    return simulate(Person(), 45.0, 19.0, arousal=lambda t: 0.9 if t > 20 else 0.1, seed=5)


def pushed(contract: Contract, samples: Samples, edges: list[int]) -> list[Window]:
    stream = Preprocessor(contract)
    windows = []
    for a, b in pairwise(edges):
        windows += stream.push(samples.time_s[a:b], samples.eda_us[a:b])
    return windows


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(0, 45 * 19), max_size=40))
def test_any_cutting_gives_bit_identical_windows(
    tiny_contract: Contract, recording: Samples, cuts: list[int]
) -> None:
    whole = pushed(tiny_contract, recording, [0, len(recording)])
    parts = pushed(tiny_contract, recording, [0, *sorted(cuts), len(recording)])
    assert len(whole) == len(parts) == 33
    for one, other in zip(whole, parts, strict=True):
        assert one.input is not None and other.input is not None
        assert one.input.tobytes() == other.input.tobytes()
        assert (one.index, one.start_s, one.end_s) == (other.index, other.start_s, other.end_s)


def test_a_window_is_what_the_contract_says(tiny_contract: Contract, recording: Samples) -> None:
    window = pushed(tiny_contract, recording, [0, len(recording)])[4]
    assert (window.start_s, window.end_s) == (2.0 + 4.0, 12.0 + 4.0)
    assert window.input is not None
    assert window.input.shape == (3, 64)
    assert window.input.dtype == np.float32
    assert window.tonic_us.shape == window.phasic_us.shape == window.eda_us.shape == (80,)
    # Channels are tonic, phasic, origin; the first two leave only noise of the third.
    tonic, phasic, origin = window.input.astype(np.float64)
    assert np.abs(tonic + phasic - origin).max() < 0.2
    assert phasic.min() > -1e-6
    residual = window.eda_us - window.tonic_us - window.phasic_us
    assert np.abs(residual).max() < 0.1 * np.ptp(window.eda_us)


def test_hop_longer_than_window(recording: Samples) -> None:
    contract = Contract(rate_hz=8.0, context_s=0.0, window_s=4.0, hop_s=9.0, input_length=32)
    whole = pushed(contract, recording, [0, len(recording)])
    parts = pushed(contract, recording, list(range(len(recording) + 1)))
    assert [w.start_s for w in whole] == [w.start_s for w in parts] == [0.0, 9.0, 18.0, 27.0, 36.0]


def test_a_flat_signal_is_refused(tiny_contract: Contract) -> None:
    windows = Preprocessor(tiny_contract).push(np.arange(400) / 20, np.full(400, 3.0))
    assert windows
    assert all(w.input is None for w in windows)
    assert "does not move" in windows[0].reasons[0]


def test_a_window_with_too_large_a_gap_is_refused_and_later_ones_are_not(
    tiny_contract: Contract, recording: Samples
) -> None:
    keep = (recording.time_s < 15) | (recording.time_s > 19)
    samples = Samples(recording.time_s[keep], recording.eda_us[keep])
    windows = pushed(tiny_contract, samples, [0, len(samples)])
    refused = [w.end_s for w in windows if w.input is None]
    # Four seconds are too long for a bridge: they spoil every window of 12 s that meets them. In
    # some seconds nothing was read, and they end no window.
    assert refused == [15.0, *(20.0 + k for k in range(12))]
    assert "no samples" in next(w for w in windows if w.input is None).reasons[0]


def test_a_short_gap_is_bridged(tiny_contract: Contract, recording: Samples) -> None:
    keep = (recording.time_s < 15) | (recording.time_s > 16.1)
    windows = pushed(
        tiny_contract, Samples(recording.time_s[keep], recording.eda_us[keep]), [0, int(keep.sum())]
    )
    assert all(window.input is not None for window in windows)
    struck = [window.end_s for window in windows if window.gap_share > 0]
    assert (min(struck), max(struck)) == (16.0, 28.0)


def test_open_electrodes_are_seen_as_they_happen(tiny_contract: Contract) -> None:
    """Each second gives its window, refused, while there is no value."""
    samples = simulate(Person(), 400.0, 19.0, arousal=lambda _: 0.9, seed=5)
    eda_us = np.where((samples.time_s > 20) & (samples.time_s < 350), np.nan, samples.eda_us)
    stream = Preprocessor(tiny_contract)
    late_s, windows = [], []
    for at in range(len(samples)):
        new = stream.push(samples.time_s[at : at + 1], eda_us[at : at + 1])
        late_s += [samples.time_s[at] - window.end_s for window in new]
        windows += new
        assert stream._open_s.size < 15 * 19 and stream._eda.size < 15 * 8
    assert [window.end_s for window in windows] == [12.0 + k for k in range(388)]
    # A tenth of 12 s may be a gap: so long it may be bridged yet, and is waited for.
    assert max(late_s) < 1.2 + 3 / 8 + 2 / 19
    refused = [window.end_s for window in windows if window.input is None]
    assert refused == [20.0 + k for k in range(343)]
    assert windows[100].open_share == windows[100].gap_share == 1.0
    assert "no samples" in windows[100].reasons[0]
    whole = pushed(tiny_contract, Samples(samples.time_s, eda_us), [0, len(samples)])
    for one, other in zip(whole, windows, strict=True):
        np.testing.assert_equal(dataclasses.asdict(one), dataclasses.asdict(other))


@pytest.mark.parametrize("away_s", [30.0, 8 * 3600.0])
def test_time_in_which_nothing_was_read_has_no_window(
    tiny_contract: Contract, recording: Samples, away_s: float
) -> None:
    time_s = recording.time_s + np.where(recording.time_s > 20, away_s, 0.0)
    stream = Preprocessor(tiny_contract)
    windows, most = [], 0
    for at in range(len(recording)):
        new = stream.push(time_s[at : at + 1], recording.eda_us[at : at + 1])
        windows += new
        most = max(most, len(new))
    # Whoever comes back gets a window a second at once, and no window for the time away.
    assert most <= 2
    ends = [window.end_s for window in windows]
    assert ends == [*(12.0 + k for k in range(9)), *(away_s + 21.0 + k for k in range(24))]
    assert [w.index for w in windows] == [round(end - 12) for end in ends]
    refused = [window.end_s for window in windows if window.input is None]
    assert refused == [20.0, *(away_s + 21.0 + k for k in range(12))]
    whole = pushed(tiny_contract, Samples(time_s, recording.eda_us), [0, len(recording)])
    for one, other in zip(whole, windows, strict=True):
        np.testing.assert_equal(dataclasses.asdict(one), dataclasses.asdict(other))


def test_electrodes_that_are_open_at_first_cost_nothing(tiny_contract: Contract) -> None:
    stream = Preprocessor(tiny_contract)
    for second in range(100):
        assert stream.push(second + np.arange(20) / 20, np.full(20, np.nan)) == []
    assert stream._open_s.size == 0
    (window,) = stream.push(100 + np.arange(250) / 20, 3 + np.sin(np.arange(250) / 30))
    assert (window.open_share, window.start_s) == (0.0, 102.0)


def test_reset_starts_anew(tiny_contract: Contract, recording: Samples) -> None:
    stream = Preprocessor(tiny_contract)
    first = stream.push(recording.time_s, recording.eda_us)
    stream.reset()
    assert stream.fill_s == 0
    second = stream.push(recording.time_s, recording.eda_us)
    assert [w.index for w in first] == [w.index for w in second]
    assert first[-1].input is not None and second[-1].input is not None
    assert first[-1].input.tobytes() == second[-1].input.tobytes()


@pytest.mark.parametrize(("n", "length"), [(2, 5), (80, 64), (480, 2500), (2500, 500)])
def test_stretch_equals_linear_interpolation(n: int, length: int) -> None:
    values = np.random.default_rng(0).normal(size=(3, n))
    expected = [np.interp(np.linspace(0, n - 1, length), np.arange(n), row) for row in values]
    np.testing.assert_allclose(stretch(values, length), expected, atol=1e-12)
