"""Stamps of a stream become times: on simulated streams whose true times are known."""

from __future__ import annotations

import numpy as np
import pytest

from device.protocols.readings import IntArray
from device.samples import FloatArray
from device.timing.stamps import Stamps

_BEGAN_S = 1000.0


def _times(
    stamps: Stamps,
    stamp_s: FloatArray,
    arrival_s: FloatArray | None = None,
    chunk: int = 5,
    skipped: IntArray | None = None,
) -> FloatArray:
    """Return the time of each sample, NaN for those that got none, on the clock of the stamps."""
    arrival_s = stamp_s + 1e-3 if arrival_s is None else arrival_s
    clock, found = None, np.full(stamp_s.size, np.nan)
    numbers: list[float] = []
    times: list[float] = []
    ends = [*range(chunk, stamp_s.size, chunk), stamp_s.size]
    begin = 0
    pieces = []
    for end in ends:
        rows = np.arange(begin, end, dtype=np.float64)
        missing = None if skipped is None else skipped[begin:end]
        pieces += stamps.push(stamp_s[begin:end], rows, float(arrival_s[end - 1]), missing)
        begin = end
    pieces += stamps.flush()
    clock = stamps.clock()
    before_s = 0.0
    for piece in pieces:
        if piece.restarted:
            times += clock.flush().tolist()
            clock.restart(piece.arrival_s - before_s)
        before_s = piece.arrival_s
        numbers += piece.raw.tolist()
        times += clock.stamp(piece.position_s, piece.arrival_s).tolist()
    times += clock.flush().tolist()
    assert len(times) == len(numbers)
    assert (np.diff(times) > 0).all()
    found[np.array(numbers, dtype=int)] = times
    return found


def _error_s(found_s: FloatArray, true_s: FloatArray) -> FloatArray:
    """Return how far times are off, but for where their zero lies."""
    difference = found_s - true_s
    return np.abs(difference - np.nanmedian(difference))


@pytest.mark.parametrize("rate_hz", [4.0, 15.0, 100.0, 1000.0])
def test_own_times_are_taken_as_they_are(rate_hz: float) -> None:
    true_s = _BEGAN_S + np.arange(300) / rate_hz
    stamps = Stamps(rate_hz, exact=True)
    assert _error_s(_times(stamps, true_s), true_s).max() < 1e-9
    assert stamps.kind == "exact"


def test_an_irregular_stream_is_taken_as_it_is() -> None:
    rng = np.random.default_rng(1)
    true_s = _BEGAN_S + np.cumsum(rng.exponential(0.2, 300))
    stamps = Stamps(None)
    assert _error_s(_times(stamps, true_s), true_s).max() < 1e-9


@pytest.mark.parametrize("rate_hz", [10.0, 100.0])
def test_missing_samples_are_seen_at_once_where_stamps_are_steady(rate_hz: float) -> None:
    rng = np.random.default_rng(2)
    number = np.flatnonzero(rng.random(3000) > 0.02)
    true_s = _BEGAN_S + number / rate_hz * (1 + 3e-4)
    late_s = rng.exponential(0.02 / rate_hz, number.size)
    stamps = Stamps(rate_hz)
    found_s = _times(stamps, true_s + late_s)
    assert stamps.kind == "steady"
    assert _error_s(found_s, true_s).max() < 0.3 / rate_hz
    assert stamps.lost == number[-1] + 1 - number.size - number[0]


@pytest.mark.parametrize("stalled", [10, 200])
@pytest.mark.parametrize("kind", ["steady", "counted"])
def test_a_stall_is_no_loss(stalled: int, kind: str) -> None:
    """The program that hands samples on stalls for 0.1 or 2 s now and then, and catches up."""
    true_s = _BEGAN_S + np.arange(3000) / 100
    jitter_s = 0.0 if kind == "steady" else 0.03
    stamp_s = true_s + np.random.default_rng(6).uniform(0, jitter_s, 3000)
    for begin in range(500, 3000, 500):
        stamp_s[begin : begin + stalled] = true_s[begin + stalled] + np.arange(stalled) * 1e-5
    stamp_s = np.maximum.accumulate(stamp_s)
    stamps = Stamps(100.0)
    error_s = _error_s(_times(stamps, stamp_s, chunk=1), true_s)
    assert stamps.kind == kind and stamps.lost == 0
    assert error_s[200:].max() < 0.03 and np.percentile(error_s[200:], 95) < 1e-3 + jitter_s / 3


@pytest.mark.parametrize("drift_ppm", [-2000, 0, 2000])
def test_random_delays_are_evened_out(drift_ppm: float) -> None:
    rng = np.random.default_rng(3)
    true_s = _BEGAN_S + np.arange(4000) / 100 * (1 + 1e-6 * drift_ppm)
    stamp_s = np.maximum.accumulate(true_s + rng.uniform(0, 0.05, 4000))
    stamps = Stamps(100.0)
    error_s = _error_s(_times(stamps, stamp_s), true_s)
    assert stamps.kind == "counted"
    assert error_s[500:].max() < 0.015
    assert np.abs(stamp_s - true_s).max() > 0.04  # as they came


@pytest.mark.parametrize("together", [10, 50])
def test_bursts_are_evened_out(together: int) -> None:
    """As OpenSignals hands on what a Bluetooth packet held: all at once."""
    true_s = _BEGAN_S + np.arange(4000) / 100
    last = np.minimum(np.arange(4000) // together * together + together - 1, 3999)
    stamp_s = true_s[last] + 1e-5 * (np.arange(4000) % together)
    stamps = Stamps(100.0)
    error_s = _error_s(_times(stamps, stamp_s, chunk=together), true_s)
    assert stamps.kind == "counted"
    assert error_s[500:].max() < 0.01


def test_what_comes_twice_is_taken_once() -> None:
    true_s = _BEGAN_S + np.arange(1000) / 50
    number = np.sort(np.concatenate([np.arange(1000), np.arange(5, 1000, 40)]))
    for stamps in (Stamps(50.0), Stamps(50.0, exact=True)):
        pieces = stamps.push(true_s[number], 0.1 * number, true_s[-1])
        raw = np.concatenate([piece.raw for piece in pieces])
        np.testing.assert_array_equal(raw, 0.1 * np.arange(1000))
        assert stamps.dropped == 25


def test_neighbours_that_changed_places_are_put_right() -> None:
    true_s = _BEGAN_S + np.arange(400) / 15
    order = np.arange(400)
    order[100:400:20], order[101:400:20] = order[101:400:20].copy(), order[100:400:20].copy()
    stamps = Stamps(15.0, exact=True)
    pieces = []
    for k in order:
        pieces += stamps.push(true_s[k : k + 1], np.array([float(k)]), _BEGAN_S + k / 15)
    raw = np.concatenate([piece.raw for piece in [*pieces, *stamps.flush()]])
    np.testing.assert_array_equal(raw, np.arange(400))
    assert stamps.dropped == 0


def test_a_neighbour_that_is_overtaken_and_doubled_is_put_right() -> None:
    true_s = _BEGAN_S + np.arange(60) / 15
    order = [*range(30), 31, 31, 30, *range(32, 60)]
    stamps = Stamps(15.0, exact=True)
    pieces = []
    for k in order:
        pieces += stamps.push(true_s[k : k + 1], np.array([float(k)]), _BEGAN_S + k / 15)
    raw = np.concatenate([piece.raw for piece in [*pieces, *stamps.flush()]])
    np.testing.assert_array_equal(raw, np.arange(60))
    assert stamps.dropped == 1


def test_stamps_that_many_samples_share_are_no_doubles() -> None:
    """A program stamps a whole packet at once; a skin at rest repeats its value."""
    stamp_s = _BEGAN_S + (np.arange(1000) // 10 + 1) / 10
    stamps = Stamps(100.0)
    pieces = stamps.push(stamp_s, np.full(1000, 5.0), float(stamp_s[-1]))
    assert sum(piece.raw.size for piece in pieces) == 1000 and stamps.dropped == 0


def test_numbered_samples_are_counted_by_their_numbers() -> None:
    rng = np.random.default_rng(5)
    number = np.flatnonzero(rng.random(3000) > 0.05)
    true_s = _BEGAN_S + number / 50
    stamp_s = np.maximum.accumulate(true_s + rng.uniform(0, 0.1, number.size))
    skipped = np.diff(number, prepend=-1) - 1
    stamps = Stamps(50.0)
    found_s = _times(stamps, stamp_s, skipped=skipped)
    assert _error_s(found_s, true_s)[500:].max() < 0.02
    assert stamps.lost == skipped[1:].sum()


@pytest.mark.parametrize("jump_s", [1000.0, -1000.0, 30.0])
@pytest.mark.parametrize("exact", [True, False])
def test_a_clock_that_is_set_moves_no_time(jump_s: float, exact: bool) -> None:
    true_s = _BEGAN_S + np.arange(600) / 20
    stamp_s = true_s + np.where(np.arange(600) < 300, 0.0, jump_s)
    stamps = Stamps(20.0, exact=exact)
    found_s = _times(stamps, stamp_s, true_s + 1e-3, chunk=1)
    assert stamps.jumps == 1 and stamps.foreign and stamps.lost == 0
    assert _error_s(found_s, true_s).max() < 0.05


def test_a_gap_stays_a_gap() -> None:
    for stamps in (Stamps(20.0), Stamps(20.0, exact=True)):
        number = np.concatenate([np.arange(300), np.arange(500, 800)])
        true_s = _BEGAN_S + number / 20
        found_s = _times(stamps, true_s)
        assert stamps.jumps == 0
        assert _error_s(found_s, true_s).max() < 0.01
    counted = Stamps(20.0)
    rng = np.random.default_rng(4)
    true_s = _BEGAN_S + np.concatenate([np.arange(300), np.arange(1500, 1800)]) / 20
    late_s = rng.uniform(0, 0.09, 600)
    found_s = _times(counted, np.maximum.accumulate(true_s + late_s))
    assert counted.kind == "counted" and abs(counted.lost - 1200) <= 2
    assert _error_s(found_s, true_s).max() < 0.05


def test_stamps_of_another_clock_are_known_by_their_arrival() -> None:
    true_s = _BEGAN_S + np.arange(300) / 20
    stamps = Stamps(20.0)
    found_s = _times(stamps, true_s + 1.7e9, true_s + 1e-3)
    assert stamps.foreign
    assert _error_s(found_s, true_s).max() < 1e-3


@pytest.mark.parametrize("rate_hz", [4.0, 50.0])
def test_stamps_that_begin_in_bursts_tell_later_what_is_missing(rate_hz: float) -> None:
    """A program that starts under load sends its first seconds late; then all is steady."""
    rng = np.random.default_rng(12)
    number = np.arange(round(120 * rate_hz))
    number = number[(number < 60 * rate_hz) | (rng.random(number.size) > 0.05)]
    true_s = _BEGAN_S + number / rate_hz
    begins = true_s < _BEGAN_S + 3.0
    stamp_s = np.where(
        begins, np.ceil(true_s / 0.6) * 0.6, true_s + rng.exponential(1e-4, true_s.size)
    )
    stamp_s[begins] += np.arange(begins.sum()) * 1e-6
    stamps = Stamps(rate_hz)
    error_s = _error_s(_times(stamps, np.maximum.accumulate(stamp_s), chunk=1), true_s)
    assert stamps.kind == "counted"
    assert abs(stamps.lost - (number[-1] + 1 - number.size)) <= 1
    assert np.nanmax(error_s[true_s > _BEGAN_S + 60]) < 0.5 / rate_hz
