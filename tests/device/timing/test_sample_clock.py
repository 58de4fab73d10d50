"""Samples' time against the computer's clocks: pace, wall time, sleep."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from device.timing import now
from device.timing.now import SleepWatch, now_s
from device.timing.sample_clock import ClockReading, SampleClock, iso


@pytest.fixture
def sleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long the computer has slept: a list of one number, to be changed."""
    slept = [0.0]
    monkeypatch.setattr(now, "_slept", lambda: slept[0])
    yield slept


def test_now_runs_on_while_the_computer_sleeps(sleep: list[float]) -> None:
    watch = SleepWatch()
    before_s = now_s()
    assert abs(before_s - time.monotonic()) < 0.1 and watch.take() == 0
    sleep[0] = 3600.0
    assert 3600 <= now_s() - before_s < 3610
    assert watch.take() == 3600
    sleep[0] += 1e-4  # two clocks are not read at the same moment
    assert watch.take() == 0
    sleep[0] += 7.0
    assert watch.take() == pytest.approx(7.0, abs=0.01)


def test_the_system_says_how_long_it_slept() -> None:
    first_s = now_s()
    assert now.slept_s() >= 0
    time.sleep(0.02)
    assert 0.02 <= now_s() - first_s < 5


def test_elsewhere_the_wall_clock_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    wall_s, mono_s = [1.7e9], [50.0]
    monkeypatch.setattr(now.time, "time", lambda: wall_s[0])
    monkeypatch.setattr(now.time, "monotonic", lambda: mono_s[0])
    slept = now._WallWatch()
    wall_s[0] += 3610.0
    mono_s[0] += 10.0
    assert slept() == pytest.approx(3600)
    wall_s[0] -= 86400.0  # set back: no sleep
    assert slept() == pytest.approx(3600)
    wall_s[0] += 0.5  # NTP
    assert slept() == pytest.approx(3600)


def follow(
    clock: SampleClock, true_hz: float, named_hz: float, seconds: float, late_s: float = 0.003
) -> tuple[np.ndarray, list[ClockReading]]:
    """Push samples one by one that count at `named_hz`; return true times and readings."""
    rng = np.random.default_rng(1)
    n = int(seconds * true_hz)
    true_s = 1000.0 + np.arange(n) / true_hz
    readings = []
    for k in range(n):
        clock.push(np.array([k / named_hz]), float(true_s[k] + rng.exponential(late_s)))
        assert clock.reading is not None
        readings.append(clock.reading)
    return true_s, readings


@pytest.mark.parametrize("named_hz", [19.5, 19.0, 18.0, 19.01])
def test_a_rate_that_was_named_wrongly_bends_no_stamp(named_hz: float) -> None:
    clock = SampleClock()
    true_s, readings = follow(clock, 19.0, named_hz, 600)
    found_s = np.array([reading.host_s for reading in readings])
    error_s = np.abs(found_s - true_s)
    assert error_s.max() < 0.05 and error_s[400:].max() < 0.02
    share = clock.contradiction
    if abs(named_hz - 19.0) < 0.1:
        assert share is None
    else:
        assert share == pytest.approx(named_hz / 19.0 - 1, abs=1e-4)
    assert readings[-1].rate_hz == pytest.approx(named_hz)


def test_where_the_sensor_knows_nothing_is_guessed() -> None:
    clock = SampleClock()
    clock.push(np.arange(5) / 10, 2000.3, 1999.0)
    reading = clock.reading
    assert reading is not None and reading.host_s == pytest.approx(1999.4)
    assert reading.host(0.0) == 1999.0 and reading.pace == 1
    # Late by 0.9 s, and in bursts: half a period more.
    assert reading.uncertainty_s == pytest.approx(0.95)


def test_wall_time_of_time_0() -> None:
    clock = SampleClock()
    began_s = time.time()
    clock.push(np.array([0.0]), now_s() - 100.0, now_s() - 100.0)
    clock.push(np.array([60.0]), now_s() - 40.0, now_s() - 100.0)
    assert clock.reading is not None
    assert clock.reading.utc(0.0) == pytest.approx(began_s - 100, abs=1.0)
    assert clock.reading.utc_text(0.0) == iso(clock.reading.utc(0.0))
    assert iso(0.25) == "1970-01-01T00:00:00.250000Z"


def test_news_is_told_once_and_after_a_sleep(sleep: list[float]) -> None:
    clock = SampleClock()
    told = []
    at_s = now_s()
    for k in range(2000):
        if k == 1000:
            sleep[0] = 3600.0
            at_s += 3600.0
        clock.push(np.array([k / 20 + sleep[0]]), at_s + k / 20, at_s - sleep[0])
        told.append(clock.news())
    known = [k for k, reading in enumerate(told) if reading is not None]
    assert known == [0, 1000]
    assert told[1000] is not None and told[1000].slept_s == 3600


def test_a_wall_clock_that_is_set_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SampleClock()
    origin_s = now_s()
    clock.push(np.array([0.0]), origin_s, origin_s)
    assert clock.news() is not None
    real = time.time
    monkeypatch.setattr("device.timing.sample_clock.time.time", lambda: real() + 5e8)
    clock.push(np.array([1.0]), origin_s + 1, origin_s)
    assert clock.news() is None  # not more often than every ten seconds
    clock.push(np.array([11.0]), origin_s + 11, origin_s)
    found = clock.news()
    assert found is not None and abs((found.utc(0.0) or 0) - real() - 5e8) < 60


def test_a_recording_that_is_played_keeps_its_time() -> None:
    clock = SampleClock(8.0, 1.5e9, live=False)
    clock.push(np.array([0.0]), 100.0, 100.0)
    clock.push(np.array([80.0]), 110.0, 100.0)
    assert clock.reading is not None
    assert clock.reading.utc(80.0) == 1.5e9 + 80 and clock.reading.host(80.0) == 110.0
    unknown = SampleClock(8.0, live=False)
    unknown.push(np.array([0.0]), 100.0, 100.0)
    assert unknown.reading is not None and unknown.reading.utc_s is None
    assert unknown.news() is None
    fast = SampleClock(None, live=False)
    fast.push(np.array([0.0]), 100.0)
    assert fast.reading is not None and fast.contradiction is None


@pytest.mark.parametrize("utc_s", [1e18, -1e18, float("nan"), float("inf")])
def test_a_time_that_no_calendar_has_is_none(utc_s: float) -> None:
    assert iso(utc_s) is None
