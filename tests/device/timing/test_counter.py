"""Counters beyond their wrap-around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.timing.counter import Unwrapper


@pytest.mark.parametrize("bits", [4, 8, 16, 24, 32])
@given(data=st.data())
def test_any_cutting_continues_the_counter(bits: int, data: st.DataObject) -> None:
    modulus = 1 << bits
    start = data.draw(st.integers(0, modulus - 1))
    steps = data.draw(st.lists(st.integers(1, modulus - 1), max_size=40))
    true = start + np.concatenate([[0], np.cumsum(np.array(steps, dtype=np.int64))]).astype(int)
    unwrapper = Unwrapper(modulus)
    found: list[int] = []
    rest = true
    while rest.size:
        cut = data.draw(st.integers(1, rest.size))
        total, restarted = unwrapper.push(rest[:cut] % modulus)
        assert restarted == (not found)
        found += total.tolist()
        rest = rest[cut:]
    assert found == true.tolist()
    assert unwrapper.missing == true[-1] - true[0] + 1 - true.size


def test_unseen_turns_are_added_when_something_else_tells_the_time() -> None:
    # A 24-bit clock of 32768 Hz comes round every 512 s; the sensor was silent for 1300 s.
    unwrapper = Unwrapper(1 << 24, tolerance=5 * 32768)
    unwrapper.push(np.array([100]))
    later = 100 + 1300 * 32768
    total, restarted = unwrapper.push(np.array([later % (1 << 24)]), 1300.4 * 32768)
    assert total.tolist() == [later]
    assert not restarted


def test_a_counter_that_begins_anew_is_noticed() -> None:
    unwrapper = Unwrapper(1 << 32, tolerance=5e6)
    unwrapper.push(np.array([60_000_000]))
    total, restarted = unwrapper.push(np.array([500_000, 510_000]), 700_000.0)
    assert restarted
    assert total.tolist() == [500_000, 510_000]


def test_a_value_that_cannot_be_does_not_move_those_after_it() -> None:
    """A clock that is wrong once must not have gone round once when it is right again."""
    unwrapper = Unwrapper(1 << 32, tolerance=5e6)
    unwrapper.push(np.array([60_000_000]))
    total, restarted = unwrapper.push(
        np.array([60_010_000, 3_000_000_000, 60_030_000, 60_040_000]), 40_000.0
    )
    assert restarted
    assert total.tolist() == [60_030_000, 60_040_000]
    total, restarted = unwrapper.push(np.array([60_050_000]), 10_000.0)
    assert not restarted
    assert total.tolist() == [60_050_000]


def test_what_gathered_during_a_pause_is_no_restart() -> None:
    unwrapper = Unwrapper(1 << 32, tolerance=5e6)
    unwrapper.push(np.array([60_000_000]))
    gathered = 60_000_000 + 10_000 * np.arange(1, 901)
    total, restarted = unwrapper.push(gathered, 9_000_000.0)
    assert not restarted
    assert total.tolist() == gathered.tolist()


def test_bursts_are_no_restart() -> None:
    unwrapper = Unwrapper(1 << 32, tolerance=5e6)
    unwrapper.push(np.array([60_000_000]))
    total, restarted = unwrapper.push(np.array([60_010_000]), 500_000.0)
    assert not restarted
    assert total.tolist() == [60_010_000]


def test_nothing_in_nothing_out() -> None:
    total, restarted = Unwrapper(16).push(np.empty(0, dtype=np.int64))
    assert total.size == 0
    assert not restarted
