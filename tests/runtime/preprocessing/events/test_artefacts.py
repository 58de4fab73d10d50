"""Artefacts second by second: what is found, at any rate, gain and cutting; what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.simulation.physiology import Person, simulate
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.events.artefacts import (
    THRESHOLD,
    ArtefactDetector,
    Artefacts,
    artefact_probability,
    artefacts_of_grid,
)
from runtime.preprocessing.quality import ARTEFACT, assess, too_fast
from runtime.preprocessing.window import Window


def skin(duration_s: float, rate_hz: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A smooth level with responses of a Bateman shape, noiseless: the same at every rate."""
    time_s = np.arange(0, duration_s, 1 / rate_hz)
    rng = np.random.default_rng(seed)
    eda_us = 5.0 + 0.5 * np.sin(time_s / 60.0)
    for begin_s in np.arange(8.0, duration_s, 14.0):
        since_s = np.maximum(time_s - begin_s, 0.0)
        eda_us += rng.uniform(0.2, 1.5) * (np.exp(-since_s / 4.0) - np.exp(-since_s / 0.9))
    return time_s, eda_us


def shaken(time_s: np.ndarray, eda_us: np.ndarray, begin_s: float, end_s: float) -> np.ndarray:
    """Pull at the electrodes: the level leaps down and back by a tenth to a third."""
    rng = np.random.default_rng(1)
    knots_s = np.arange(begin_s, end_s + 0.1, 0.5)
    leaps = 1.0 - rng.uniform(0.1, 0.35, knots_s.size) * (np.arange(knots_s.size) % 2)
    return eda_us * np.interp(time_s, knots_s, leaps, 1.0, 1.0)


@pytest.mark.parametrize("rate_hz", [4.0, 7.8125, 32.0, 1000.0])
@pytest.mark.parametrize("gain", [0.3, 1.0, 4.0])
def test_motion_is_found_and_responses_are_not_at_any_rate_and_gain(
    rate_hz: float, gain: float
) -> None:
    time_s, eda_us = skin(240.0, rate_hz)
    found = artefact_probability(time_s, gain * shaken(time_s, eda_us, 120.0, 130.0))
    at = found.time_s
    inside, away = (at >= 119) & (at < 130), (at < 115) | (at > 160)
    assert (found.probability[inside] >= THRESHOLD).all()
    known = ~np.isnan(found.probability)
    assert known[3:].all()
    assert (found.probability[away & known] < THRESHOLD).all()
    (span,) = found.spans()
    assert span[0] == pytest.approx(118, abs=2) and span[1] == pytest.approx(133, abs=3)


def test_gain_changes_nothing_above_a_microsiemens() -> None:
    time_s, eda_us = skin(120.0, 8.0)
    eda_us = shaken(time_s, eda_us, 60.0, 66.0)
    once = artefact_probability(time_s, eda_us).probability
    for gain in (0.4, 8.0):
        np.testing.assert_allclose(
            artefact_probability(time_s, gain * eda_us).probability, once, rtol=1e-9
        )


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1200), max_size=12), rate_hz=st.sampled_from([4.0, 7.3, 19.0]))
def test_a_stream_in_any_pieces_gives_the_bits_of_the_whole(
    cuts: list[int], rate_hz: float
) -> None:
    time_s, eda_us = skin(1200 / rate_hz, rate_hz)
    eda_us = shaken(time_s, eda_us, 30.0, 33.0)
    eda_us[500:520] = np.nan
    time_s[800:] += 5000.0  # a new stream after more than an hour of silence
    whole = artefact_probability(time_s, eda_us)
    detector = ArtefactDetector()
    pieces = [
        detector.push(time, eda)
        for time, eda in zip(
            np.split(time_s, sorted(cuts)), np.split(eda_us, sorted(cuts)), strict=True
        )
    ]
    assert np.concatenate([p.time_s for p in pieces]).tobytes() == whole.time_s.tobytes()
    joined = np.concatenate([p.probability for p in pieces])
    assert joined.tobytes() == whole.probability.tobytes()


@pytest.mark.parametrize("rate_hz", [4.0, 7.3, 8.0, 128.0])
@pytest.mark.parametrize("seconds", [1.0, 30.2, 65.0])
def test_an_even_signal_gives_the_bits_of_its_samples(rate_hz: float, seconds: float) -> None:
    """Live windows take the quick way, with what the length and the rate need remembered."""
    eda_us = skin(seconds, rate_hz)[1]
    time_s = np.arange(eda_us.size) / rate_hz
    rng = np.random.default_rng(2)
    for missing in (False, False, True):
        eda_us = eda_us + rng.normal(0.0, 0.01, eda_us.size)
        if missing:
            eda_us[eda_us.size // 3 : eda_us.size // 2] = np.nan
        samples, even = artefact_probability(time_s, eda_us), artefacts_of_grid(eda_us, rate_hz)
        assert even.time_s.tobytes() == samples.time_s.tobytes()
        assert even.probability.tobytes() == samples.probability.tobytes()


def test_simulated_people_with_a_sensors_noise_are_not_condemned() -> None:
    for seed in range(4):
        person = Person.draw(np.random.default_rng(seed))
        samples = simulate(person, 300.0, 19.0, arousal=lambda _: 0.7, seed=seed)
        assert artefact_probability(samples.time_s, samples.eda_us).share() < 0.03


def test_what_is_missing_has_no_probability_and_the_ends_have_the_nearest_ones() -> None:
    time_s, eda_us = skin(120.0, 8.0)
    eda_us[(time_s >= 50) & (time_s < 60)] = np.nan
    found = artefact_probability(time_s, eda_us)
    at = found.at(time_s)
    assert np.isnan(at[(time_s > 54) & (time_s < 56)]).all()
    assert not np.isnan(at[(time_s < 46) | (time_s > 66)]).any()


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_too_little_signal_gives_nothing_and_no_error(count: int) -> None:
    time_s, eda_us = skin(60.0, 8.0)
    found = artefact_probability(time_s[:count], eda_us[:count])
    assert np.isnan(found.probability).all() and np.isnan(found.share())
    assert np.isnan(found.at(time_s)).all() and found.spans() == []
    nothing = artefact_probability(time_s, np.full(time_s.size, np.nan))
    assert nothing.time_s.size == 0


def test_a_day_of_zeros_is_no_artefact() -> None:
    """Other tests of quality tell what it is; there is nothing to divide by."""
    found = artefact_probability(np.arange(86_400 * 4) / 4, np.zeros(86_400 * 4))
    assert found.share() == 0.0


def test_spans_join_seconds_that_touch() -> None:
    found = Artefacts(np.arange(6.0), np.array([0.9, 0.9, 0.1, np.nan, 0.5, 0.2]))
    assert found.spans() == [(0.0, 2.0), (4.0, 5.0)]


def window(begin_s: float, eda_us: np.ndarray) -> Window:
    contract = Contract()
    context = contract.context_samples
    return Window(
        0, begin_s + contract.context_s, begin_s + 65.0, None, eda_us[context:], np.empty(0),
        np.empty(0), 0.0, (), context_us=eda_us[:context],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lasts_s", "vetoed"), [(0.0, False), (3.0, False), (25.0, False), (55.0, True)]
)
def test_a_windows_share_of_motion_is_told_with_its_second_and_vetoes_from_two_thirds_on(
    lasts_s: float, vetoed: bool
) -> None:
    contract = Contract()
    time_s, eda_us = skin(300.0, contract.rate_hz)
    if lasts_s:
        eda_us = shaken(time_s, eda_us, 215.0, 215.0 + lasts_s)
    first = round(210 * contract.rate_hz)
    piece = eda_us[first : first + contract.total_samples]
    # Slow enough for the other rule, which is about changes of 10 µS/s.
    assert not too_fast(piece, contract).any()
    quality = assess(window(210.0, piece), contract)
    assert (ARTEFACT in quality.vetoes) == vetoed
    moved = [reason for reason in quality.reasons if "moves as by motion" in reason]
    assert len(moved) == (lasts_s > 0)
    for reason in moved:
        second = int(reason.rsplit(" ", 1)[1])
        assert 213 <= second <= 217 + lasts_s


def test_simulated_people_are_answered_for_the_whole_of_ten_minutes() -> None:
    contract = Contract(hop_s=5.0)
    for seed in range(3):
        person = Person.draw(np.random.default_rng(seed))
        samples = simulate(person, 600.0, contract.rate_hz, arousal=lambda _: 0.7, seed=seed)
        for first in range(0, 4200, 200):
            piece = samples.eda_us[first : first + contract.total_samples]
            quality = assess(window(0.0, piece), contract)
            assert ARTEFACT not in quality.vetoes, (seed, first, quality.reasons)
