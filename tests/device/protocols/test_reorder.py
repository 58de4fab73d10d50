"""Numbered things in order, each once, whatever order they came in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.protocols.reorder import Reorder


@given(
    st.integers(0, 65535),
    st.integers(1, 400),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.integers(0, 1000),
)
def test_each_once_and_in_order(
    first: int, count: int, lost: float, doubled: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    arrivals = []
    for i in range(count):
        if rng.random() < lost:
            continue
        # None is overtaken by more than it is waited for.
        arrivals.append((0.02 * i + rng.uniform(0, 0.2), i))
        if rng.random() < doubled:
            arrivals.append((0.02 * i + rng.uniform(0, 0.2) + 1e-6, i))
    order: Reorder[int] = Reorder(1 << 16, 0.3)
    out = []
    for at_s, i in sorted(arrivals):
        out += order.push((first + i) % (1 << 16), i, at_s)
    out += order.flush()
    came = sorted({i for _, i in arrivals})
    assert out == came
    # What is lost before the first that came, nobody knows.
    assert order.missing == (came[-1] - came[0] + 1 - len(came) if came else 0)
    assert order.duplicates == len(arrivals) - len(came)
    assert order.late == order.strays == 0


def begun(number: int, modulus: int = 1 << 16) -> Reorder[int]:
    """Return one that has given out a first thing, 0."""
    order: Reorder[int] = Reorder(modulus, 0.3)
    assert order.push(number, 0, -1.0) == []
    assert order.due(-0.5) == [0]
    return order


def test_the_first_that_came_need_not_be_the_first_that_was_sent() -> None:
    order: Reorder[str] = Reorder(16, 0.3)
    assert order.push(1, "c", 0.0) == []
    assert order.push(15, "a", 0.1) == []
    assert order.push(0, "b", 0.2) == []
    assert order.due(0.31) == ["a", "b", "c"]
    assert order.missing == order.late == 0


def test_what_is_missing_is_waited_for_and_given_up() -> None:
    order = begun(15, modulus=16)
    assert order.push(1, 2, 0.1) == []
    assert order.due(0.39) == []
    assert order.due(0.41) == [2]
    assert order.missing == 1
    assert order.push(0, 1, 0.5) == []
    assert order.late == 1


def test_a_count_that_begins_anew_is_followed() -> None:
    order = begun(40_000)
    for i in range(1, 5):
        assert order.push(40_000 + i, i, 0.0) == [i]
    assert order.push(0, 100, 1.0) == []
    assert order.push(1, 101, 1.1) == []
    assert order.push(2, 102, 1.5) == [100, 101, 102]
    assert order.leaps == 1
    assert order.missing == order.strays == 0


def test_one_stray_number_changes_nothing() -> None:
    order = begun(0)
    out = []
    for i in range(1, 20):
        if i == 10:
            out += order.push(30_000, -1, 0.1 * i)
        out += order.push(i, i, 0.1 * i)
    assert out == list(range(1, 20))
    assert order.strays == 1
    assert order.missing == 0


def test_no_more_is_held_than_was_said() -> None:
    order: Reorder[int] = Reorder(1 << 16, 1e9, most=8)
    order.push(0, 0, 0.0)
    out = []
    for i in range(2, 100):
        out += order.push(i, i, 0.0)
        assert len(order._held) <= 8
    assert out == [0, *range(2, 100)]
