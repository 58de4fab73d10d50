"""Windows in the person's own units."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.preprocessing.contract import Contract, CvxEdaParameters
from runtime.preprocessing.features import FEATURES
from runtime.preprocessing.quality import assess
from runtime.preprocessing.windows import Preprocessor, Window

CONTRACT = Contract(
    window_s=20.0,
    input_length=64,
    normalisation="personal",
    reference_s=30.0,
    reference_span_s=120.0,
    features=FEATURES,
    cvxeda=CvxEdaParameters(baseline="constant"),
)


def signal(seconds: float, level_us: float = 2.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, seconds, 0.25)
    slow = np.cumsum(rng.normal(0, 0.01, time_s.size))
    return time_s, np.maximum(level_us + slow + 0.1 * np.sin(time_s / 3), 0.06)


def same(found: list[Window], expected: list[Window]) -> None:
    assert [w.index for w in found] == [w.index for w in expected]
    for mine, other in zip(found, expected, strict=True):
        assert (mine.input is None) == (other.input is None)
        assert mine.reasons == other.reasons
        if mine.input is not None:
            assert (mine.input == other.input).all()
            assert (mine.features is None) == (other.features is None)
            assert mine.features is None or (mine.features == other.features).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.booleans())
def test_any_cutting_gives_the_same_bits(pieces: list[int], gap: bool) -> None:
    time_s, eda_us = signal(150.0)
    if gap:
        eda_us[200:230] = np.nan
    whole = Preprocessor(CONTRACT).push(time_s, eda_us)
    stream, found, at = Preprocessor(CONTRACT), [], 0
    for size in [*pieces, time_s.size]:
        found += stream.push(time_s[at : at + size], eda_us[at : at + size])
        at += size
    same(found, whole)


@pytest.mark.parametrize("hop_s", [5.0, 7.0, 40.0])
def test_the_reference_follows_what_lies_between_two_windows(hop_s: float) -> None:
    """The hop may be longer than context and window; pieces of any size give the same bits."""
    contract = replace(CONTRACT, hop_s=hop_s, window_s=5.0, context_s=0.0, reference_span_s=600.0)
    time_s, eda_us = signal(200.0)
    streams = Preprocessor(contract), Preprocessor(contract)
    whole = streams[0].push(time_s, eda_us)
    found = []
    for at in range(0, time_s.size, 7):
        found += streams[1].push(time_s[at : at + 7], eda_us[at : at + 7])
        assert 0 <= streams[1].fill_s <= 5.0
    same(found, whole)
    references = [stream.reference for stream in streams if stream.reference is not None]
    assert references[0].to_dict() == references[1].to_dict()
    assert references[0].past_s >= 200.0 - 5.0 - 2 * hop_s


def test_noise_on_a_fast_grid_is_not_too_fast_for_the_reference() -> None:
    """As quality does, a change is measured over an eighth of a second at least."""
    contract = replace(CONTRACT, rate_hz=128.0, reference_s=0.0)
    rng = np.random.default_rng(0)
    time_s = np.arange(0.0, 30.0, 1 / 128)
    eda_us = 2.0 + 0.1 * np.sin(time_s / 3) + rng.normal(0.0, 0.1, time_s.size)
    stream = Preprocessor(contract)
    windows = stream.push(time_s, eda_us)
    assert np.abs(np.diff(windows[-1].eda_us)).max() * 128 > contract.quality.max_slope_us_per_s
    assert "too fast" not in " ".join(assess(windows[-1], contract).reasons)
    assert stream.reference is not None and stream.reference.to_dict()["features"]


def test_a_copied_stream_goes_on_like_the_first() -> None:
    time_s, eda_us = signal(120.0)
    stream = Preprocessor(CONTRACT)
    stream.push(time_s[:240], eda_us[:240])
    others = [copy.deepcopy(stream), pickle.loads(pickle.dumps(stream))]  # noqa: S301
    expected = stream.push(time_s[240:], eda_us[240:])
    for other in others:
        same(other.push(time_s[240:], eda_us[240:]), expected)


def test_the_first_answer_waits_for_the_reference_and_says_so() -> None:
    windows = Preprocessor(CONTRACT).push(*signal(60.0))
    assert windows[0].input is None
    assert windows[0].reference_left_s == pytest.approx(5.0, abs=1.0)
    assert "learning what is usual for this person" in windows[0].reasons[0]
    first = next(w for w in windows if w.input is not None)
    # A resampled value is 0.375 s late.
    assert first.end_s <= CONTRACT.reference_s + 1.0
    assert all(w.input is not None for w in windows if w.end_s >= first.end_s)


def test_channels_follow_the_formula() -> None:
    stream = Preprocessor(replace(CONTRACT, input_length=160))
    time_s, eda_us = signal(100.0)
    window = stream.push(time_s, eda_us)[-1]
    assert stream.reference is not None and window.input is not None
    mean_us, scale_us = stream.reference.level()
    tonic, phasic, origin = window.input
    np.testing.assert_allclose(tonic, np.arcsinh((window.tonic_us - mean_us) / scale_us), atol=1e-6)
    np.testing.assert_allclose(phasic, np.log1p(window.phasic_us / scale_us), atol=1e-6)
    np.testing.assert_allclose(origin, np.arcsinh((window.eda_us - mean_us) / scale_us), atol=1e-6)


def test_a_person_at_ten_times_the_level_looks_alike() -> None:
    """The units are the person's own, down to the constants that keep a silent one finite."""
    time_s, eda_us = signal(200.0)
    low, high = (Preprocessor(CONTRACT).push(time_s, eda_us * scale)[-1] for scale in (2.0, 20.0))
    assert low.input is not None and high.input is not None
    np.testing.assert_allclose(low.input[2], high.input[2], atol=0.02)
    zscored = replace(
        CONTRACT, normalisation="zscore", reference_s=0.0, reference_span_s=0.0, features=()
    )
    quiet = eda_us.copy()
    quiet[-240:] = eda_us[-240:].mean() + 0.01 * (eda_us[-240:] - eda_us[-240:].mean())
    personal, published = (Preprocessor(c).push(time_s, quiet)[-1] for c in (CONTRACT, zscored))
    assert personal.input is not None and published.input is not None
    # A quiet minute stays quiet; z-scored it looks like any other.
    assert np.ptp(personal.input[2]) < 0.1 < 1.0 < np.ptp(published.input[2])


def test_what_skin_cannot_be_is_no_part_of_the_reference() -> None:
    time_s, eda_us = signal(200.0)
    bad = eda_us.copy()
    bad[300:340] = 100.0
    streams = [Preprocessor(CONTRACT) for _ in range(2)]
    streams[0].push(time_s, eda_us)
    streams[1].push(time_s, bad)
    levels = [s.reference.level()[0] for s in streams if s.reference is not None]
    # The flanks that the resampler makes between the levels are a few samples.
    assert abs(levels[0] - levels[1]) < 1.0


def test_a_new_stream_of_the_same_person_keeps_the_reference() -> None:
    time_s, eda_us = signal(60.0)
    stream = Preprocessor(CONTRACT)
    stream.push(time_s, eda_us)
    assert stream.reference is not None
    past_s = stream.reference.past_s
    stream.reset()
    assert stream.reference.past_s == past_s
    windows = stream.push(time_s, eda_us)
    assert windows[0].input is not None


def test_a_gap_of_hours_leaves_the_reference_as_it_was() -> None:
    time_s, eda_us = signal(60.0)
    stream = Preprocessor(CONTRACT)
    stream.push(time_s, eda_us)
    assert stream.reference is not None
    past_s = stream.reference.past_s
    stream.push(time_s[:1] + 7200.0, eda_us[:1])
    # The last samples before the gap complete one hop.
    assert stream.reference.past_s <= past_s + CONTRACT.hop_s


def test_a_good_signal_is_good_while_the_reference_is_learnt() -> None:
    stream = Preprocessor(CONTRACT)
    time_s, eda_us = signal(120.0)
    bad = eda_us.copy()
    bad[60:62] = 40.0
    for values, score in ((eda_us, 1.0), (bad, 0.0)):
        window = Preprocessor(CONTRACT).push(time_s, values)[0]
        quality = assess(window, CONTRACT)
        assert window.reference_left_s > 0
        assert quality.score == score and not quality.sufficient
        assert quality.vetoes[0] == "learning"
    assert assess(stream.push(time_s, eda_us)[-1], CONTRACT).sufficient


@pytest.mark.parametrize("value", [1e7, 1e150, 1e300, -1e300])
@pytest.mark.parametrize("normalisation", ["personal", "zscore"])
def test_one_damaged_value_is_no_value(value: float, normalisation: str) -> None:
    contract = CONTRACT
    if normalisation == "zscore":
        contract = replace(
            CONTRACT, normalisation="zscore", reference_s=0.0, reference_span_s=0.0, features=()
        )
    time_s, eda_us = signal(120.0)
    missing, damaged = eda_us.copy(), eda_us.copy()
    missing[200], damaged[200] = np.nan, value
    windows = Preprocessor(contract).push(time_s, damaged)
    expected = Preprocessor(contract).push(time_s, missing)
    same(windows, expected)
    assert all(window.input is not None for window in windows[-40:])
