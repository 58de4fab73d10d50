"""Whole sensors on real pseudo-terminals: found out, read, unplugged, reset, misunderstood."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from device.drivers.driver import DriverOptions
from device.drivers.registry import DRIVERS
from device.errors import (
    DeviceError,
    RecordingEndedError,
    RecordingError,
    SensorDisconnectedError,
    SilentPortError,
    UnrecognisedDataError,
)
from device.samples import Samples
from device.sensor import Sensor
from device.simulation.faults import Faults
from device.simulation.player import Player, Sent
from device.simulation.pty import PseudoTerminal
from device.simulation.simulator import make_board
from device.sources.recording import RecordingSensor
from device.sources.serial import SerialSensor
from tests.device.conftest import Wire
from tests.device.playing import ramp_played

RATE_HZ = {"grove": 50.0, "bitalino": 100.0, "shimmer": 64.0, "shimmer3r": 64.0, "rtcan": 100.0}
# Resolution of a reading at the values used here, microsiemens.
STEP_US = {"grove": 0.15, "bitalino": 0.025, "shimmer": 0.01, "rtcan": 0.01}


@contextmanager
def simulated(
    key: str, link: Path, faults: Faults | None = None
) -> Iterator[tuple[Player, list[Sent]]]:
    """Play a slow ramp on a pseudo-terminal."""
    port = PseudoTerminal(link)
    board = make_board(key, None, RATE_HZ[key])
    with ramp_played(board, port, port.unplug, faults) as played:
        yield played


def collect(sensor: Sensor, seconds: float) -> Samples:
    parts = []
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        parts.append(sensor.read(0.1))
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
    )


@pytest.mark.parametrize("key", list(DRIVERS))
@pytest.mark.parametrize("named", [True, False])
def test_found_out_and_read_at_its_values_and_times(key: str, named: bool, tmp_path: Path) -> None:
    options = DriverOptions(rate_hz=RATE_HZ[key] if key != "grove" else None)
    with simulated(key, tmp_path / "port") as (_, log):
        sensor = SerialSensor(str(tmp_path / "port"), key if named else "auto", options=options)
        sensor.open()
        samples = collect(sensor, 2.5)
        info, origin_s = sensor.describe(), sensor.origin_s
        sensor.close()
    assert len(samples) > 1.2 * RATE_HZ[key]
    assert (np.diff(samples.time_s) > 0).all()
    assert sensor.counters.samples == len(samples)
    assert sensor.counters.lost == sensor.counters.missing == 0
    assert info.name == DRIVERS[key](DriverOptions()).name
    assert info.rate_hz == pytest.approx(RATE_HZ[key], rel=0.02)
    assert origin_s is not None
    sent_s = np.array([sent.time_s for sent in log])
    nearest = np.abs(samples.time_s[:, None] + origin_s - sent_s).argmin(axis=1)
    assert (np.diff(nearest) == 1).all()  # every sample of that time, once
    sent_us = np.array([sent.eda_us for sent in log])[nearest]
    assert np.abs(samples.eda_us - sent_us).max() < STEP_US[key]


def test_a_shimmer3r_is_found_out_and_says_so(tmp_path: Path) -> None:
    with simulated("shimmer3r", tmp_path / "port"):
        sensor = SerialSensor(str(tmp_path / "port"))
        sensor.open()
        assert len(collect(sensor, 2.5)) > 32
        info = sensor.describe()
        sensor.close()
    assert info.name == "Shimmer3R GSR+"


@pytest.mark.parametrize("key", list(DRIVERS))
def test_unplugged_and_back(key: str, tmp_path: Path) -> None:
    with simulated(key, tmp_path / "port", Faults(unplug_every_s=2.2, away_s=0.5)):
        sensor = SerialSensor(str(tmp_path / "port"), key)
        sensor.open()
        first = []
        with pytest.raises(SensorDisconnectedError, match="went away"):
            while True:
                first.append(sensor.read(0.1))
        while True:
            time.sleep(0.1)
            try:
                sensor.open()
            except DeviceError:
                continue
            break
        second = collect(sensor, 2.1)
        sensor.close()
    before = np.concatenate([part.time_s for part in first])
    assert before.size > RATE_HZ[key]
    assert len(second) > 0.5 * RATE_HZ[key]
    assert second.time_s[0] > before[-1] + 0.5  # the pause is a pause in time as well
    assert sensor.counters.reconnections == 1


def test_back_under_a_name_that_fits_the_pattern(tmp_path: Path) -> None:
    sensor = SerialSensor(str(tmp_path / "port*"), "rtcan")
    with simulated("rtcan", tmp_path / "port1"):
        sensor.open()
        assert len(collect(sensor, 2.0))
        assert sensor.describe().port.endswith("port1")
    with pytest.raises(SensorDisconnectedError):
        collect(sensor, 2.0)
    with simulated("rtcan", tmp_path / "port2"):
        sensor.open()
        assert len(collect(sensor, 2.0))
        assert sensor.describe().port.endswith("port2")
        sensor.close()


@pytest.mark.parametrize("key", ["bitalino", "rtcan"])
def test_a_reset_while_the_port_stays(key: str, tmp_path: Path) -> None:
    with simulated(key, tmp_path / "port", Faults(reset_every_s=2.5)):
        sensor = SerialSensor(str(tmp_path / "port"), key)
        sensor.open()
        samples = collect(sensor, 5.5)
        sensor.close()
    assert sensor.counters.restarts >= 1
    assert sensor.counters.reconnections == 0
    assert (np.diff(samples.time_s) > 0).all()
    assert np.diff(samples.eda_us).min() > -2 * STEP_US[key]  # still in order
    assert samples.time_s[-1] > 3.5


@pytest.mark.parametrize("key", list(DRIVERS))
def test_a_pause_of_the_reader_loses_nothing(key: str, tmp_path: Path) -> None:
    """What waits on the port proves that the sensor was not silent: it is not started anew."""
    with simulated(key, tmp_path / "port") as (_, log):
        sensor = SerialSensor(str(tmp_path / "port"), key)
        sensor.open()
        before = collect(sensor, 2.0)
        time.sleep(1.8)
        after = collect(sensor, 0.3)
        sensor.close()
        origin_s = sensor.origin_s
    assert len(before) and len(after)
    assert origin_s is not None
    sent_s = np.array([sent.time_s for sent in log])
    found_s = np.concatenate([before.time_s, after.time_s]) + origin_s
    nearest = np.abs(found_s[:, None] - sent_s).argmin(axis=1)
    assert (np.diff(nearest) == 1).all()  # every sample, once
    assert sensor.counters.restarts == 0


@pytest.mark.usefixtures("impatient")
def test_nothing_answers(wire: Wire) -> None:
    with pytest.raises(SilentPortError, match="--sensor"):
        SerialSensor(wire.port).open()


def talk(wire: Wire, data: bytes, stop: threading.Event) -> threading.Thread:
    def run() -> None:
        while not stop.wait(0.02):
            wire.write(data)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("sensor", ["rtcan", "bitalino"])
def test_nonsense_is_named(wire: Wire, sensor: str) -> None:
    stop = threading.Event()
    thread = talk(wire, bytes(np.random.default_rng(1).integers(128, 256, 50).tolist()), stop)
    reader = SerialSensor(wire.port, sensor, baud=9600)
    try:
        with pytest.raises(UnrecognisedDataError, match=r"--sensor|--baud"):
            reader.open()
            collect(reader, 10.0)
    finally:
        reader.close()
        stop.set()
        thread.join()


@pytest.mark.usefixtures("impatient")
def test_a_wrong_baud_rate_is_named(wire: Wire) -> None:
    """Text at 9600 baud read at 115200 looks like this: few bytes, all of high bits."""
    stop = threading.Event()
    thread = talk(wire, b"\xe0\x00\xfc\x80\xf8\x1c\x00", stop)
    reader = SerialSensor(wire.port, "grove", baud=115200)
    try:
        reader.open()
        with pytest.raises(UnrecognisedDataError, match=r"115200 baud.*baud rate is wrong"):
            collect(reader, 10.0)
    finally:
        reader.close()
        stop.set()
        thread.join()


def test_a_file_is_a_sensor(tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    path.write_text("EDA\n" + "\n".join(str(2 + i / 100) for i in range(100)))
    sensor = RecordingSensor(path, 100.0, speed=5.0)
    sensor.open()
    parts = []
    with pytest.raises(RecordingEndedError):
        while True:
            parts.append(sensor.read(0.1))
    assert np.concatenate([part.eda_us for part in parts]) == pytest.approx(
        2 + np.arange(100) / 100
    )
    assert np.concatenate([part.time_s for part in parts]) == pytest.approx(np.arange(100) / 100)
    with pytest.raises(RecordingError, match="--rate"):
        RecordingSensor(path, None)


@pytest.mark.parametrize("column", [None, "beta"])
def test_a_sensor_of_several_numbers_is_found_and_asked_about(
    wire: Wire, column: str | None
) -> None:
    stop = threading.Event()
    thread = talk(wire, b"alpha:400,beta:300\r\n", stop)
    sensor = SerialSensor(wire.port, options=DriverOptions(column=column))
    try:
        sensor.open()
        if column is None:
            with pytest.raises(UnrecognisedDataError, match="--column alpha, beta"):
                collect(sensor, 5.0)
        else:
            raw = sensor.read(5.0).raw
            assert raw is not None and set(raw.tolist()) == {300.0}
    finally:
        sensor.close()
        stop.set()
        thread.join()
