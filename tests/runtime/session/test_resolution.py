"""A sensor that shows no change as small as a response is told of, once."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from device.calibration import (
    BitalinoCalibration,
    Calibration,
    EmotibitCalibration,
    GroveCalibration,
    MicrosiemensCalibration,
    ShimmerCalibration,
    step_us,
)
from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sources.replay import ReplaySensor
from runtime.session.reader import Reader
from runtime.session.resolution import Resolution
from runtime.sinks.events import Status


def told(calibration: Calibration, level_us: float, seconds: float = 30.0) -> list[Status]:
    resolution = Resolution(lambda level: step_us(calibration, level))
    found = []
    for second in range(int(seconds)):
        time_s = second + np.arange(19) / 19
        found.append(resolution.push(Samples(time_s, np.full(19, level_us))))
    return [status for status in found if status is not None]


def test_a_ten_bit_grove_is_too_coarse_and_that_is_said_once() -> None:
    (status,) = told(GroveCalibration(), 6.0)
    assert status.kind == "resolution"
    assert status.text.startswith("at 6.0 µS this sensor shows no change smaller than 0.061 µS")


@pytest.mark.parametrize(
    "calibration",
    [
        GroveCalibration(2048, 12),
        GroveCalibration(8192, 14),
        BitalinoCalibration(),
        ShimmerCalibration(),
        EmotibitCalibration(),
        MicrosiemensCalibration(),  # of which nothing is known
    ],
    ids=lambda calibration: calibration.describe(),
)
@pytest.mark.parametrize("level_us", [2.0, 10.0])
def test_finer_sensors_are_not_told_of(calibration: Calibration, level_us: float) -> None:
    assert told(calibration, level_us) == []


def test_a_level_that_rises_is_judged_anew() -> None:
    resolution = Resolution(lambda level: 0.01 * level)
    low = Samples([0.0, 11.0], [4.0, 4.0])
    high = Samples([12.0, 23.0], [6.0, np.nan])
    assert resolution.push(low) is None
    assert resolution.push(high) is not None
    assert resolution.push(high) is None


def test_open_electrodes_have_no_level() -> None:
    resolution = Resolution(lambda level: 1.0)
    assert resolution.push(Samples([0.0, 11.0], [np.nan, np.nan])) is None


@pytest.mark.parametrize("calibration", [GroveCalibration(), BitalinoCalibration()])
def test_a_step_is_that_between_neighbouring_counts(calibration: Calibration) -> None:
    for count in (50.3, 200.6, 400.0, 505.9):
        level_us = float(calibration.to_us(count))
        step = step_us(calibration, level_us)
        assert step is not None
        here, near, far = np.rint(
            calibration.to_adc([level_us, level_us + 0.4 * step, level_us + 1.7 * step])
        )
        assert abs(near - here) <= 1
        assert abs(far - here) in (1, 2)


def test_the_reader_says_it() -> None:
    time_s = np.arange(400) / 19
    samples = Samples(time_s, np.full(400, 6.0))
    source = Source(Path("x"), "a Grove", 19.0, lambda: in_blocks(samples, 19))
    sensor = ReplaySensor(source, None)
    sensor.step_us = lambda level: 0.06  # type: ignore[attr-defined]
    reader = Reader(sensor, lossless=True)
    sensor.open()
    reader.start()
    events = []
    until_s = time.monotonic() + 20
    while (reader.is_alive() or not reader.events.empty()) and time.monotonic() < until_s:
        if not reader.events.empty():
            events.append(reader.events.get())
    assert [event.kind for event in events if isinstance(event, Status)] == ["resolution"]
