"""Windows in personal units: one reference along a sitting, the same as live, and short pasts."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from device.errors import DatasetError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.preprocessing.contract import Contract, CvxEdaParameters
from runtime.preprocessing.features import FEATURES
from runtime.preprocessing.windows import Preprocessor
from training.compute.workers import Workers
from training.datasets.recordings import Dataset, Recording
from training.datasets.sessions import Segment, Session
from training.windows import sittings as order
from training.windows.cut import Windows, cut, usable

CONTRACT = Contract(
    context_s=2.0,
    window_s=10.0,
    hop_s=1.0,
    input_length=64,
    normalisation="personal",
    reference_s=20.0,
    reference_span_s=600.0,
    features=FEATURES,
    cvxeda=CvxEdaParameters(baseline="constant"),
)
ONE = Workers(1)


def person(seed: int, seconds: float, scale: float = 1.0) -> Samples:
    samples = simulate(Person(), seconds, 4.0, arousal=lambda _: 0.6, seed=seed)
    return Samples(samples.time_s, samples.eda_us * scale)


def continuous(samples: Samples) -> Dataset:
    segments = (
        Segment("start", 0.0, 15.0, classes={"arousal": 0}),
        Segment("unlabelled", 15.0, 60.3),
        Segment("task", 60.3, 100.6, classes={"arousal": 1}),
        Segment("rest", 100.6, 500.0, classes={"arousal": 0}),
    )
    session = Session("p1", "s1", samples, segments)
    return Dataset("test", "-", session.recordings(), (0, 1), sessions=(session,))


@pytest.fixture(scope="module")
def samples() -> Samples:
    return person(1, 500.0)


@pytest.fixture(scope="module")
def windows(samples: Samples) -> Windows:
    return cut(continuous(samples), CONTRACT, 5.0, workers=ONE)


def test_windows_of_a_session_are_those_of_live(samples: Samples, windows: Windows) -> None:
    live, preprocessor = {}, Preprocessor(CONTRACT)
    edges = np.cumsum(np.random.default_rng(0).integers(1, 40, len(samples)))
    for own in np.split(np.arange(len(samples)), edges[edges < len(samples)]):
        for window in preprocessor.push(samples.time_s[own], samples.eda_us[own]):
            live[window.start_s] = window
    whole = np.flatnonzero(~windows.short)
    assert whole.size > 60
    for n in whole:
        window = live[windows.time_s[n]]
        assert windows.past_s[n] == window.start_s - samples.time_s[0]
        assert window.features is not None
        np.testing.assert_array_equal(windows.inputs[n], window.input)
        np.testing.assert_array_equal(windows.features[n], window.features)


def test_a_window_belongs_to_the_segment_in_which_it_lies_wholly(windows: Windows) -> None:
    times_s = {n: windows.time_s[(windows.recording == n) & ~windows.short] for n in range(3)}
    # The first lies within the 20 s that the reference needs. The context may lie before a segment.
    assert times_s[0].size == 0
    assert windows.refused == {"window: learning what is usual for this person": 1}
    np.testing.assert_array_equal(times_s[1], 61.0 + 5.0 * np.arange(6))
    np.testing.assert_array_equal(times_s[2][:2], [101.0, 106.0])
    assert times_s[2][-1] + 10.0 <= 500.0
    assert np.all(np.diff(windows.recording) >= 0)


def test_short_windows_know_nothing_of_what_was_before_the_restart(
    samples: Samples, windows: Windows
) -> None:
    [sitting] = order.sittings_of(continuous(samples), CONTRACT)
    fresh = {}
    for piece in sitting.pieces("test"):
        own = piece.stretches[0].samples
        for window in Preprocessor(CONTRACT).push(own.time_s, own.eda_us):
            fresh[window.start_s] = window.input, window.start_s - own.time_s[0]
    short = np.flatnonzero(windows.short)
    assert 10 < short.size < np.count_nonzero(~windows.short)
    for n in short:
        values, past_s = fresh[windows.time_s[n]]
        np.testing.assert_array_equal(windows.inputs[n], values)
        assert windows.past_s[n] == past_s <= 720.0


def test_restarts_are_the_same_for_the_same_name_only() -> None:
    def edges(name: str) -> list[float]:
        stretch = order.Stretch(Samples(np.arange(4000.0), np.ones(4000)), 0.0, ())
        found = list(order.Sitting(name, (stretch,)).pieces("data"))
        parts = [p.stretches[0].samples.time_s for p in found]
        np.testing.assert_array_equal(np.concatenate(parts), np.arange(4000.0))
        lengths = [part.size for part in parts]
        assert all(239 <= length <= 721 for length in lengths[:-1])
        return [float(part[0]) for part in parts]

    assert edges("S02") == edges("S02") != edges("S03")


def trials(*people: tuple[str, list[Samples]], turns: tuple[int, ...] = ()) -> Dataset:
    recordings = [
        Recording(
            who, f"t{n}", trial, {"arousal": 2.0}, stimulus_start_s=2.5,
            turn=turns[n] if turns else 0,
        )
        for who, own in people
        for n, trial in enumerate(own)
    ]  # fmt: skip
    return Dataset("test", "-", recordings, (1, 9))


def test_trials_of_a_person_share_a_reference_and_people_do_not() -> None:
    calm, strong = person(2, 40.0), person(3, 40.0, scale=3.0)
    alone = cut(trials(("a", [strong])), CONTRACT, 5.0, workers=ONE)
    after = cut(trials(("a", [calm, strong])), CONTRACT, 5.0, workers=ONE)
    beside = cut(trials(("a", [calm]), ("b", [strong])), CONTRACT, 5.0, workers=ONE)
    second = (after.recording == 1) & ~after.short
    # The reference was known when the second trial began: its first window begins with the stimulus
    # and has all of its context.
    assert np.count_nonzero(second) > np.count_nonzero(~alone.short)
    assert after.time_s[second][0] == pytest.approx(39.25 + 2.0)
    other = (beside.recording == 1) & ~beside.short
    np.testing.assert_array_equal(beside.inputs[other], alone.inputs[~alone.short])
    last = np.flatnonzero(second)[-1]
    assert not np.array_equal(after.inputs[last], alone.inputs[~alone.short][-1])


def test_trials_follow_each_other_in_the_order_of_their_presentation() -> None:
    own = [person(seed, 40.0) for seed in (4, 5)]
    names: dict[tuple[int, ...], list[int]] = {}
    notes = {}
    for turns in ((), (1, 2), (2, 1), (0, 1)):
        data = trials(("a", own), turns=turns)
        [sitting] = order.sittings_of(data, CONTRACT)
        names[turns] = [place.recording for s in sitting.stretches for place in s.places]
        notes[turns] = order.order_note(data)
    assert names == {(): [0, 1], (1, 2): [0, 1], (2, 1): [1, 0], (0, 1): [0, 1]}
    assert "in the order of the files." in notes[()]
    assert "in the order of their presentation." in notes[2, 1]
    assert "where it is known (1 of 2)" in notes[0, 1]
    assert "each sitting whole, in the order of its times" in order.order_note(continuous(own[0]))


def test_recordings_with_none_but_short_pasts_are_left_out(windows: Windows) -> None:
    data = Dataset("test", "-", [Recording("a", "x", Samples.empty(), {})] * 3, (1, 9))
    short = windows.short | (windows.recording == 1)
    kept, own, left = usable(data, replace(windows, short=short, refused=Counter()))
    assert left.tolist() == [2] and len(kept.recordings) == 1 and set(own.recording) == {0}
    assert own.short.any() and not own.short.all()
    np.testing.assert_array_equal(own.of(np.array([0])), np.flatnonzero(~own.short))
    assert own.of(np.array([0]), short=True).size == own.short.size


def test_what_does_not_go_with_personal_units_is_said(samples: Samples) -> None:
    with pytest.raises(DatasetError, match=r"stride is 2\.5 s.*multiple of the hop of 1 s"):
        cut(continuous(samples), CONTRACT, 2.5, workers=ONE)
    with pytest.raises(DatasetError, match="--normalisation zscore"):
        cut(continuous(samples), CONTRACT, 5.0, whole_trial=True, workers=ONE)
