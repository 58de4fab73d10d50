"""The promise: a window seen live and the same window seen in training are one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.physiology import Person, simulate
from device.samples import Samples
from runtime.contract import Contract
from runtime.preprocess import Preprocessor, Window, stretch


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
    # A window reaches back 12 s; a tenth of that may be gap.
    assert min(refused) == 17.0
    assert max(refused) == 29.0
    assert "no samples" in next(w for w in windows if w.input is None).reasons[0]


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
