import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SignalError
from runtime.preprocessing.reference import Reference, Running


def test_moments_are_those_of_the_remembered_hops() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, (500, 4))
    running = Running(4, 60, 5)
    for row in values:
        running.add(row[None])
    # Four whole blocks of a minute and the 20 hops of the newest.
    kept = values[-260:]
    mean, variance = running.moments()
    assert running.hops == 260
    np.testing.assert_allclose(mean, kept.mean(axis=0))
    np.testing.assert_allclose(variance, kept.var(axis=0))


def test_nothing_is_unusual_before_anything_was_seen() -> None:
    reference = Reference(("a", "b", "c"), 1.0, 600.0)
    assert math.isnan(reference.level()[0])
    assert reference.past_s == 0
    assert (reference.scaled(np.ones(3)) == 0).all()


def test_level_and_scale_follow_the_formula() -> None:
    reference = Reference(("a",), 1.0, 600.0)
    for value in (1.0, 3.0):
        reference.add_level(np.full(8, value))
    mean, scale = reference.level()
    assert mean == 2.0
    assert scale == pytest.approx(math.sqrt(1.0 + 1e-4) + 0.04)
    assert reference.past_s == 2


def test_a_hop_without_believable_samples_is_no_hop() -> None:
    reference = Reference(("a",), 1.0, 600.0)
    reference.add_level(np.ones(8))
    before = reference.to_dict()
    reference.add_level(np.empty(0))
    assert reference.to_dict() == before


@pytest.mark.parametrize(("span_s", "hop_s"), [(60.0, 1.0), (300.0, 1.0), (60.0, 40.0)])
def test_a_reference_that_was_long_enough_stays_so(span_s: float, hop_s: float) -> None:
    reference = Reference(("a",), hop_s, span_s, least_s=span_s)
    pasts_s = []
    for _ in range(math.ceil(4 * span_s / hop_s)):
        reference.add_level(np.ones(8))
        pasts_s.append(reference.past_s)
    enough = [past_s >= span_s for past_s in pasts_s]
    assert all(enough[enough.index(True) :])


def test_two_people_never_share_a_reference() -> None:
    reference = Reference(("a",), 1.0, 600.0)
    reference.add_level(np.ones(8))
    twin = copy.copy(reference)
    twin.add_level(np.full(8, 9.0))
    assert reference.level()[0] == 1.0
    assert twin.level()[0] == 5.0


@given(st.integers(0, 400), st.floats(60, 1800))
def test_a_saved_reference_goes_on_as_if_it_had_never_stopped(hops: int, span_s: float) -> None:
    rng = np.random.default_rng(hops)
    kept, fresh = Reference(("a", "b"), 1.0, span_s), Reference(("a", "b"), 1.0, span_s)
    levels, values = rng.normal(5, 1, (hops + 70, 8)), rng.normal(size=(hops + 70, 2))
    for level, value in zip(levels[:hops], values[:hops], strict=True):
        kept.add_level(level)
        kept.add_features(value)
    fresh.load(json.loads(json.dumps(kept.to_dict())))
    for level, value in zip(levels[hops:], values[hops:], strict=True):
        for reference in (kept, fresh):
            reference.add_level(level)
            reference.add_features(value)
    assert fresh.level() == kept.level()
    assert (fresh.scaled(np.ones(2)) == kept.scaled(np.ones(2))).all()


def test_an_earlier_sitting_is_outweighed_by_this_one() -> None:
    earlier = Reference(("a",), 1.0, 1500.0)
    for _ in range(1500):
        earlier.add_level(np.full(8, 1.0))
        earlier.add_features(np.array([0.0]))
    state = earlier.to_dict()
    whole, thinned, again = (Reference(("a",), 1.0, 1500.0) for _ in range(3))
    whole.load(state)
    thinned.load(state, worth_s=300.0)
    # Nothing is another before this sitting says something, and the first answer comes at once.
    assert thinned.level() == pytest.approx(whole.level())
    assert thinned.past_s == whole.past_s
    for reference in (whole, thinned):
        for _ in range(300):
            reference.add_level(np.full(8, 2.0))
            reference.add_features(np.array([1.0]))
    # Five minutes of 25 are forgotten meanwhile: 20 against 5, and 4 against 5.
    assert whole.level()[0] == pytest.approx(1.2, abs=0.01)
    assert thinned.level()[0] == pytest.approx(1.0 + 5 / 9, abs=0.02)
    # Taken up once more, it is the last sitting that counts most.
    again.load(json.loads(json.dumps(thinned.to_dict())), worth_s=300.0)
    assert again.level()[0] == pytest.approx(thinned.level()[0])
    assert again._features.count == pytest.approx(300.0)


def test_a_short_sitting_counts_for_what_it_was() -> None:
    earlier, later = Reference(("a",), 1.0, 1500.0), Reference(("a",), 1.0, 1500.0)
    for n in range(120):
        earlier.add_level(np.full(8, float(n)))
        earlier.add_features(np.array([0.0]))
    later.load(earlier.to_dict(), worth_s=300.0)
    assert later.to_dict() == earlier.to_dict()


@pytest.mark.parametrize(
    "damage",
    [
        {"form": "something"},
        {"hop_s": 2.0},
        {"span_s": 1.0},
        {"names": ["b", "a"]},
        {"level": [[math.inf, 1.0, [1.0], [1.0]]]},
        {"level": [[1, math.nan, [1.0], [1.0]]]},
        {"level": [[0, 0.0, [1.0], [1.0]]]},
        {"level": [[-5, 8.0, [1.0], [1.0]]]},
        {"features": [[1, 1.0, [1.0], [1.0]]]},
        {"level": [[1, 1.0, [float("nan")], [1.0]]]},
        {"level": 3},
    ],
)
def test_what_is_not_this_reference_is_refused_and_changes_nothing(damage: dict) -> None:
    reference = Reference(("a", "b"), 1.0, 600.0)
    reference.add_level(np.ones(8))
    before = reference.to_dict()
    with pytest.raises(SignalError, match="personal reference"):
        reference.load(before | damage)
    assert reference.to_dict() == before
