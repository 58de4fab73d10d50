"""Live responses: each once, whatever the cutting, and those of the whole recording."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.analysis.measures.analyse import analyse
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.events.response_stream import LAG_S, ResponseStream
from runtime.preprocessing.events.responses import Response, Responses
from runtime.preprocessing.windows import Preprocessor

CONTRACT = Contract()
RATE_HZ = 16.0


def person(seconds: float, seed: int = 0, rate_hz: float = RATE_HZ) -> Samples:
    """Return two lively minutes in three of one person."""
    traits = Person.draw(np.random.default_rng(seed))
    return simulate(
        traits, seconds, rate_hz, arousal=lambda s: 0.9 if s % 180 > 60 else 0.1, seed=seed
    )


def live(
    samples: Samples, cuts: list[int] | None = None, contract: Contract = CONTRACT
) -> list[tuple[float, Response]]:
    """Return every response with the time of the newest sample when it was reported."""
    preprocessor, stream = Preprocessor(contract), ResponseStream(contract, RATE_HZ)
    found = []
    ends = [0, *sorted(set(cuts or [])), len(samples)]
    for first, stop in pairwise(ends):
        for window in preprocessor.push(samples.time_s[first:stop], samples.eda_us[first:stop]):
            found += [(window.end_s, response) for response in stream.push(window)]
    return found + [(np.inf, response) for response in stream.finish()]


def partners(one: list[Response], other: Responses) -> dict[int, int]:
    """Return, by place in `one`, the place in `other` of the same response: within 0.5 s."""
    found: dict[int, int] = {}
    for i, response in enumerate(one):
        away_s = np.abs(other.onset_s - response.onset_s)
        away_s[list(found.values())] = np.inf
        if away_s.size and away_s.min() <= 0.5:
            found[i] = int(np.argmin(away_s))
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_live_and_offline_find_the_same(seed: int) -> None:
    """The stated tolerance: nine in ten of those of 0.1 µS and more, within half a second."""
    samples = person(360, seed)
    responses = [response for _, response in live(samples)]
    whole = analyse(samples).responses
    pairs = partners(responses, whole)
    large = [i for i, response in enumerate(responses) if response.amplitude_us >= 0.1]
    large_whole = np.flatnonzero(whole.amplitude_us >= 0.1)
    assert len(large) > 30 and large_whole.size > 30
    assert np.mean([i in pairs for i in large]) >= 0.9
    assert np.isin(large_whole, list(pairs.values())).mean() >= 0.9
    ratios = [responses[i].amplitude_us / whole.amplitude_us[pairs[i]] for i in large if i in pairs]
    assert np.mean(np.abs(np.log(ratios)) < np.log(1.2)) >= 0.8
    assert all(response.quality == 1.0 for response in responses)


def test_cutting_does_not_matter() -> None:
    samples = person(200)
    whole = live(samples)
    assert whole
    rng = np.random.default_rng(0)
    for count in (1, 60):
        cuts = rng.integers(1, len(samples), count).tolist()
        assert live(samples, cuts) == whole


def test_each_comes_once_and_no_later_than_said() -> None:
    found = live(person(360))
    peaks_s = np.sort([response.peak_s for _, response in found])
    assert np.diff(peaks_s).min() > 0.75
    total_s = CONTRACT.context_s + CONTRACT.window_s
    for reported_s, response in found:
        if reported_s > total_s + 1 and np.isfinite(reported_s):
            late_s = reported_s - response.peak_s
            assert LAG_S <= late_s <= LAG_S + 5.0 + CONTRACT.hop_s + 0.75
    onsets_s = [response.onset_s for _, response in found]
    assert min(onsets_s) < 20.0  # those of the first window too


@pytest.mark.parametrize("seconds", [3.0, 30.0, 600.0])
def test_a_gap_ends_what_was_and_repeats_nothing(seconds: float) -> None:
    """A reconnection: the same gap, the same pieces as offline, nothing twice, nothing within."""
    samples = person(300)
    later = samples.time_s >= 150.0
    torn = Samples(samples.time_s + seconds * later, samples.eda_us)
    responses = [response for _, response in live(torn)]
    peaks_s = np.sort([response.peak_s for response in responses])
    assert np.diff(peaks_s).min() > 0.75
    assert not ((peaks_s > 150.5) & (peaks_s < 149.5 + seconds)).any()
    assert ((peaks_s > 130.0) & (peaks_s < 150.0)).any()  # the last before it, too
    whole = analyse(torn).responses
    pairs = partners(responses, whole)
    large = [i for i, response in enumerate(responses) if response.amplitude_us >= 0.1]
    assert np.mean([i in pairs for i in large]) >= 0.9


def test_a_bridged_gap_is_marked() -> None:
    samples = person(200)
    kept = (samples.time_s < 120.0) | (samples.time_s > 121.8)
    responses = [r for _, r in live(Samples(samples.time_s[kept], samples.eda_us[kept]))]
    over = [r for r in responses if r.onset_s < 121.5 and r.peak_s + r.half_recovery_s > 120.3]
    assert over and all(response.quality < 1.0 for response in over)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """As when a source starts again from zero: the second time is reported like the first."""
    samples = person(120)
    preprocessor, stream = Preprocessor(CONTRACT), ResponseStream(CONTRACT, RATE_HZ)
    runs = []
    for _ in range(2):
        found = []
        for window in preprocessor.push(samples.time_s, samples.eda_us):
            found += stream.push(window)
        preprocessor.reset()
        runs.append(found)
    rest = stream.finish()
    first = runs[0]
    assert first and runs[1][-len(first) :] == first
    assert runs[1][: -len(first)] == rest


def test_the_last_minute_is_counted() -> None:
    samples = person(240)
    preprocessor, stream = Preprocessor(CONTRACT), ResponseStream(CONTRACT, RATE_HZ)
    assert stream.per_min(0.0) is None
    found: list[Response] = []
    for window in preprocessor.push(samples.time_s, samples.eda_us):
        found += stream.push(window)
        known_s = stream.per_min(window.end_s)
        assert known_s is not None
    end_s = float(samples.time_s[-1])
    newest = sum(response.peak_s > end_s - LAG_S - 66.0 for response in found)
    oldest = sum(response.peak_s > end_s - LAG_S - 54.0 for response in found)
    assert oldest <= stream.per_min(end_s) <= newest  # type: ignore[operator]
    assert stream.per_min(end_s + 120.0) is None


@pytest.mark.parametrize("rate_hz,hop_s", [(4.0, 1.0), (41.0, 5.0), (8.0, 60.0)])
def test_other_grids_and_hops(rate_hz: float, hop_s: float) -> None:
    contract = Contract(rate_hz=rate_hz, hop_s=hop_s)
    samples = person(260, 1, 64.0)
    preprocessor, stream = Preprocessor(contract), ResponseStream(contract, 64.0)
    responses: list[Response] = []
    for window in preprocessor.push(samples.time_s, samples.eda_us):
        responses += stream.push(window)
    responses += stream.finish()
    whole = analyse(samples).responses
    large = [i for i, response in enumerate(responses) if response.amplitude_us >= 0.1]
    pairs = partners(responses, whole)
    assert len(large) > 20
    assert np.mean([i in pairs for i in large]) >= 0.85
    peaks_s = np.sort([response.peak_s for response in responses])
    assert np.diff(peaks_s).min() > 0.75
