"""BITalino and Shimmer3R over Bluetooth Low Energy: bleak's front is real, the radio is not."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from device.boards.bitalino import BitalinoBoard
from device.boards.board import Board
from device.boards.shimmer import ShimmerBoard
from device.errors import (
    ArgumentError,
    DeviceError,
    MissingExtraError,
    PortNotFoundError,
    SensorDisconnectedError,
)
from device.protocols.shimmer import SHIMMER3R
from device.samples import Samples
from device.sensor import Sensor
from device.sources.registry import KINDS, SourceOptions, make_source
from device.wireless import bluetooth
from device.wireless.nearby import PROFILES, Profile
from tests.device.wireless.peripheral import Peripheral, Radio

BITALINO, SHIMMER_3R, SHIMMER_3 = PROFILES


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Radio:
    monkeypatch.setattr(bluetooth, "_SCAN_S", 0.1)
    radio = Radio()
    radio.install(monkeypatch)
    return radio


def bitalino(number: int = 1, name: str = "BITalino-BLE") -> Peripheral:
    return Peripheral.of(BITALINO, BitalinoBoard(), name, f"20:19:07:00:00:{number:02X}")


def collect(sensor: Sensor, count: int) -> Samples:
    """Return at least so many samples; a busy machine may take its time."""
    parts: list[Samples] = []
    until_s = time.monotonic() + 60
    while sum(map(len, parts)) < count and time.monotonic() < until_s:
        parts.append(sensor.read(0.1))
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
    )


@pytest.mark.parametrize(
    ("profile", "board", "name", "kind", "rate_hz", "step_us"),
    [
        (BITALINO, BitalinoBoard(), "BITalino-BLE", "BITalino (r)evolution", 100, 0.025),
        (SHIMMER_3R, ShimmerBoard(hardware=SHIMMER3R), "Shimmer3R-1A", "Shimmer3R GSR+", 64, 0.01),
        (SHIMMER_3, ShimmerBoard(), "Shimmer3-2B", "Shimmer3 GSR+", 64, 0.01),
    ],
    ids=["bitalino", "shimmer3r", "shimmer3"],
)
def test_read_at_its_values_and_times(
    radio: Radio,
    profile: Profile,
    board: Board,
    name: str,
    kind: str,
    rate_hz: int,
    step_us: float,
) -> None:
    one = Peripheral.of(profile, board, name, "00:06:66:00:00:01")
    radio.peripherals = [one, Peripheral("heart", "x", BitalinoBoard(), "180d", "a", "b")]
    sensor = make_source("ble:")
    sensor.open()
    samples = collect(sensor, 2 * rate_hz)
    info = sensor.describe()
    sensor.close()
    assert not one.connected
    assert (info.name, info.port) == (kind, f"ble:{name}")
    assert info.rate_hz == rate_hz
    assert name in info.details
    assert sensor.counters.lost == sensor.counters.missing == 0
    # Every sample that was sent, from the first on, once and in order.
    sent_us = np.array([value for _, value in one.sent])[: len(samples)]
    assert np.abs(samples.eda_us - sent_us).max() < step_us
    assert np.diff(samples.time_s).mean() == pytest.approx(1 / rate_hz, rel=0.1)


def test_one_that_goes_and_comes_back(radio: Radio) -> None:
    one = bitalino()
    radio.peripherals = [one]
    sensor = make_source("ble:bitalino-ble")
    sensor.open()
    assert len(collect(sensor, 10))
    one.vanish()
    with pytest.raises(SensorDisconnectedError, match="ble:BITalino-BLE went away"):
        collect(sensor, 10_000)
    radio.peripherals = []
    with pytest.raises(PortNotFoundError):
        sensor.open()
    radio.peripherals = [bitalino(2), one]  # its like is not taken for it
    sensor.open()
    assert one.connected
    assert len(collect(sensor, 10))
    sensor.close()
    assert sensor.counters.reconnections == 1


def test_none_and_several(radio: Radio) -> None:
    radio.peripherals = [Peripheral("heart", "AA", BitalinoBoard(), "180d", "a", "b")]
    with pytest.raises(PortNotFoundError, match=r"No Bluetooth sensor of a known kind.*heart"):
        make_source("ble:").open()
    with pytest.raises(PortNotFoundError, match=r"No Bluetooth device 'BITalino'.*heart"):
        make_source("ble:BITalino").open()
    radio.peripherals = [bitalino(1), bitalino(2)]
    with pytest.raises(DeviceError, match=r"2 Bluetooth sensors fit.*00:01.*00:02"):
        make_source("ble:").open()
    found = KINDS["ble"].find(0.1)
    assert [one.port for one in found] == ["ble:20:19:07:00:00:01", "ble:20:19:07:00:00:02"]
    sensor = make_source("ble:20:19:07:00:00:02")
    sensor.open()
    assert radio.peripherals[1].connected
    sensor.close()


def test_the_sensor_that_was_named_is_taken(radio: Radio) -> None:
    shimmer = Peripheral.of(SHIMMER_3R, ShimmerBoard(hardware=SHIMMER3R), "Shimmer3R-1A", "AA")
    radio.peripherals = [bitalino(), shimmer]
    sensor = make_source("ble:", SourceOptions(sensor="shimmer", rate_hz=32.0))
    sensor.open()
    assert sensor.describe().rate_hz == 32.0
    sensor.close()
    with pytest.raises(DeviceError, match=r"no service that a known sensor has \(BITalino"):
        make_source("ble:Shimmer3R-1A", SourceOptions(sensor="bitalino")).open()
    assert not shimmer.connected


def test_a_board_that_is_known_by_its_name_alone(radio: Radio) -> None:
    radio.peripherals = [bitalino()]
    radio.peripherals[0].advertises = False
    sensor = make_source("ble:")
    sensor.open()
    sensor.close()


def test_bluetooth_that_is_off(radio: Radio) -> None:
    radio.on = False
    with pytest.raises(DeviceError, match=r"No powered Bluetooth adapters.*switched on"):
        make_source("ble:").open()
    with pytest.raises(DeviceError, match="switched on"):
        KINDS["ble"].find(0.1)


def test_a_computer_without_a_system_bus(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(*_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("bleak.BleakScanner.find_device_by_filter", look)
    with pytest.raises(DeviceError, match="Bluetooth says: no D-Bus"):
        KINDS["ble"].find(0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SourceOptions(sensor="grove"), "bitalino and shimmer"),
        (SourceOptions(channel="EDA"), "number of an analog channel"),
        (SourceOptions(channel=0), "channel is 0"),
    ],
)
def test_options_that_cannot_be(options: SourceOptions, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make_source("ble:", options)
    with pytest.raises(DeviceError, match="--rate 1, 10, 100 or 1000"):
        make_source("ble:", SourceOptions(sensor="bitalino", rate_hz=50.0))


def test_without_bleak_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rtcan\[ble\]'"):
        make_source("ble:")


def test_nothing_of_bleak_is_imported_before_it_is_used() -> None:
    code = (
        "import sys\nimport device.wireless.bluetooth\n"
        "from device.sources.registry import kind_of\n"
        "assert kind_of('ble:') and 'bleak' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
