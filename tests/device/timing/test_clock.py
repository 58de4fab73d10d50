"""Time from counting and from arrivals: drift, jitter, bursts, losses, pauses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.timing.clock import CountClock
from device.timing.host_clock import HostClock

SETTLED_S = 15.0


def play(
    clock: HostClock,
    true_s: np.ndarray,
    position_s: np.ndarray,
    burst_s: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the times that samples get which arrive promptly, or in bursts that are read apart."""
    found = []
    arrival_s = np.ceil(true_s / burst_s) * burst_s if burst_s else true_s.copy()
    arrival_s += rng.exponential(0.0005, true_s.size)
    arrival_s = np.maximum.accumulate(arrival_s)
    at = 0
    while at < true_s.size:
        stop = at + (int(rng.integers(1, 40)) if burst_s else 1)
        if burst_s:
            same = np.searchsorted(true_s, np.ceil(true_s[at] / burst_s) * burst_s, side="right")
            stop = max(min(stop, int(same)), at + 1)
        found.append(clock.stamp(position_s[at:stop], float(arrival_s[stop - 1])))
        at = stop
    found.append(clock.flush())
    return np.concatenate(found)


def error_s(clock: HostClock, found_s: np.ndarray, true_s: np.ndarray) -> float:
    assert found_s.size == true_s.size
    assert (np.diff(found_s) > 0).all()
    assert found_s[0] == 0
    settled = true_s - true_s[0] > SETTLED_S
    assert clock.origin_s is not None
    return float(np.abs(found_s + clock.origin_s - true_s)[settled].max())


@pytest.mark.parametrize("rate_hz", [19.0, 100.0])
@pytest.mark.parametrize("known_rate", [True, False])
@pytest.mark.parametrize("ppm", [0, 200, -200, 5000, -5000])
def test_drift_is_followed(rate_hz: float, known_rate: bool, ppm: float) -> None:
    n = int(120 * rate_hz)
    true_s = 1000.0 + np.arange(n) / (rate_hz * (1 + 1e-6 * ppm))
    position_s = np.arange(n) / (rate_hz if known_rate else 1.0)
    clock = HostClock(known_rate=known_rate, memory_s=60 if known_rate else 20)
    found_s = play(clock, true_s, position_s, 0, np.random.default_rng(1))
    assert error_s(clock, found_s, true_s) < 0.01
    assert clock.pace is not None
    pace = clock.pace * (1.0 if known_rate else rate_hz)
    assert pace == pytest.approx(1 / (1 + 1e-6 * ppm), abs=2e-5)


@pytest.mark.parametrize(
    ("rate_hz", "burst_s", "ages"),
    [(19.0, 0.5, 2), (19.0, 0.1, 10), (100.0, 0.5, 1), (100, 0.1, 1)],
)
@pytest.mark.parametrize("known_rate", [True, False])
@pytest.mark.parametrize("phase", [0.02, 0.35, 0.65, 0.98])
def test_bursts_do_not_bend_time(
    rate_hz: float, burst_s: float, ages: int, known_rate: bool, phase: float
) -> None:
    """The newest sample of a burst has one of a few ages: the truth is known to half their step."""
    n = int(120 * rate_hz)
    true_s = 1000.0 + (np.arange(n) + phase) / rate_hz
    position_s = np.arange(n) / (rate_hz if known_rate else 1.0)
    clock = HostClock(known_rate=known_rate, memory_s=60 if known_rate else 20)
    found_s = play(clock, true_s, position_s, burst_s, np.random.default_rng(1))
    assert error_s(clock, found_s, true_s) < 0.5 / (rate_hz * ages) + 0.004
    assert clock.pace is not None
    pace = clock.pace * (1.0 if known_rate else rate_hz)
    assert pace == pytest.approx(1, abs=2e-3)


def test_nobody_can_know_more_of_a_burst() -> None:
    """Two boards whose samples are half a period apart fill the same bursts with the same counts.

    So no estimator can be nearer to both than a quarter of a period: 13 ms at 19 Hz.
    """
    rate_hz, burst_s = 19.0, 0.5
    true_s = 1000.0 + (np.arange(2280)[:, None] + np.array([0.01, 0.49])) / rate_hz
    arrival_s = np.ceil(true_s / burst_s) * burst_s
    assert (arrival_s[:, 0] == arrival_s[:, 1]).all()
    assert np.diff(true_s, axis=1) == pytest.approx(0.025, abs=5e-4)


def test_random_delays_move_time_by_less_than_they_are() -> None:
    rng = np.random.default_rng(2)
    true_s = np.arange(12_000) / 100.0
    clock, found = HostClock(), []
    for at in true_s:
        found.append(clock.stamp(np.array([at]), float(at + rng.uniform(0, 0.05))))
    assert error_s(clock, np.concatenate([*found, clock.flush()]), true_s) < 0.005


@pytest.mark.parametrize("turns", [1, 2])
@pytest.mark.parametrize("burst_s", [0, 0.5])
def test_whole_turns_that_were_lost_unseen_are_found(turns: int, burst_s: float) -> None:
    """Exactly 16 lost BITalino frames leave no trace in their numbers."""
    rate_hz, n = 100.0, 12_000
    true_s = np.arange(n) / rate_hz
    gone = slice(5000, 5000 + 16 * turns)
    position_s = np.arange(n - 16 * turns) / rate_hz
    true_s = np.delete(true_s, gone)
    clock = HostClock(turn_s=0.16)
    found_s = play(clock, true_s, position_s, burst_s, np.random.default_rng(3))
    assert clock.take_hidden() == turns
    assert clock.take_hidden() == 0
    assert clock.origin_s is not None
    error = np.abs(found_s + clock.origin_s - true_s)
    assert error[true_s < 49].max() < 0.01
    assert error[true_s > 62].max() < 0.01


def test_no_turns_are_found_where_none_were_lost() -> None:
    true_s = np.arange(20_000) / 100.0
    clock = HostClock(turn_s=0.16)
    play(clock, true_s, true_s, 0.5, np.random.default_rng(4))
    assert clock.take_hidden() == 0


def test_samples_that_a_decoder_held_back_are_no_burst() -> None:
    """Their bytes came one by one, as they were taken: the last one is not old."""
    true_s = np.arange(6000) / 100.0
    clock, found = HostClock(), []
    rng = np.random.default_rng(6)
    held: list[float] = []
    for at in true_s:
        held.append(float(at))
        ready = len(held) == 8
        found.append(
            clock.stamp(np.array(held if ready else []), float(at + rng.exponential(0.0005)))
        )
        held = [] if ready else held
    found_s = np.concatenate([*found, clock.flush()])
    assert error_s(clock, found_s, true_s[: found_s.size]) < 0.002


def test_after_a_pause_time_goes_on_in_host_time() -> None:
    clock = HostClock()
    rng = np.random.default_rng(5)
    first_s = np.arange(3000) / 100.0
    before = play(clock, first_s, first_s, 0, rng)
    clock.restart(7.0)
    second_s = 37.0 + np.arange(3000) / 100.0  # the board counts from 0 again
    after = play(clock, second_s, np.arange(3000) / 100.0, 0, rng)
    assert clock.origin_s is not None
    assert before.size == after.size == 3000
    assert after[0] > before[-1]
    assert np.abs(after + clock.origin_s - second_s).max() < 0.01


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0, 3)), max_size=60),
    st.booleans(),
    st.sets(st.integers(0, 60)),
)
def test_times_rise_whatever_arrives(
    chunks: list[tuple[int, float]], known_rate: bool, restarts: set[int]
) -> None:
    clock = HostClock(known_rate=known_rate, turn_s=0.16)
    found = []
    arrival_s, count = 50.0, 0
    for i, (size, pause_s) in enumerate(chunks):
        if i in restarts:
            found.append(clock.flush())
            clock.restart(pause_s)
            count = 0
        arrival_s += pause_s
        found.append(clock.stamp((count + np.arange(size)) / 100.0, arrival_s))
        count += size
    found.append(clock.flush())
    time_s = np.concatenate(found)
    assert np.isfinite(time_s).all()
    assert (np.diff(time_s) > 0).all()


def test_counting_is_exact_and_leaves_pauses() -> None:
    clock = CountClock()
    assert clock.stamp(np.arange(3) / 10, 500.0).tolist() == [0.0, 0.1, 0.2]
    assert clock.stamp(np.arange(3, 5) / 10, 900.0) == pytest.approx([0.3, 0.4])
    clock.restart(2.0)
    assert clock.stamp(np.arange(50, 52) / 10, 902.0) == pytest.approx([2.4, 2.5])
