"""Streams of Lab Streaming Layer as sensors: real outlets in another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from device.errors import ArgumentError, PortNotFoundError, SensorDisconnectedError
from device.samples import Samples
from device.sensor import Sensor
from device.sources import lsl
from device.sources.registry import KINDS, SourceOptions, make_source

try:
    import pylsl
except (ImportError, RuntimeError) as error:  # no package, or no liblsl for this system
    pytest.skip(f"pylsl is not installed: {error}", allow_module_level=True)

# Other programs on this network may stream too.
_OWN = f"rtcan-test-{os.getpid()}"
_US = [["GSR", "microsiemens"]]


@contextmanager
def outlets(*streams: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    named = [{**stream, "name": f"{_OWN}-{stream['name']}"} for stream in streams]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.device.sources.outlets", json.dumps(named)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def _read(sensor: Sensor, seconds: float) -> Samples:
    parts, until_s = [Samples.empty()], time.monotonic() + seconds
    while time.monotonic() < until_s:
        parts.append(sensor.read(0.1))
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
    )


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsl, "_ROUND_S", 0.5)
    monkeypatch.setattr(lsl, "_AGAIN_S", 0.5)


@pytest.fixture(scope="module")
def several() -> Iterator[None]:
    two = [["temperature", "celsius"], ["skin", "kOhm"]]
    with outlets(
        {"name": "two", "type": "Physio", "channels": two, "source_id": f"{_OWN}-2"},
        {"name": "twins", "channels": _US, "source_id": f"{_OWN}-a"},
        {"name": "twins", "channels": _US, "source_id": f"{_OWN}-b"},
        {"name": "uneven", "rate_hz": 0.0, "channels": _US},
    ):  # fmt: skip
        yield


@pytest.mark.usefixtures("several")
def test_a_channel_of_two_is_read_in_microsiemens() -> None:
    options = SourceOptions(channel="skin")
    sensor = make_source(f"lsl:name={_OWN}-two,type=Physio", options)
    sensor.open()
    samples = _read(sensor, 2.0)
    sensor.close()
    number = np.rint((1000.0 / samples.eda_us - 200.0) * 100)
    assert number.size > 60
    np.testing.assert_array_equal(np.diff(number), 1)
    np.testing.assert_allclose(np.diff(samples.time_s), 0.02, atol=0.02)
    info = sensor.describe()
    assert info.port == f"lsl:{_OWN}-two" and "channel skin, in kohm" in info.details
    assert info.rate_hz == pytest.approx(50, rel=0.05)
    assert sensor.counters.samples == number.size and sensor.counters.lost == 0
    by_number = make_source(info.port, SourceOptions(channel=2))
    by_number.open()
    assert by_number.describe().details == info.details
    by_number.close()


@pytest.mark.usefixtures("several")
def test_an_irregular_stream_has_no_rate() -> None:
    sensor = make_source(f"LSL:{_OWN}-uneven")
    sensor.open()
    samples = _read(sensor, 0.5)
    sensor.close()
    assert sensor.describe().rate_hz is None
    assert len(samples) > 5 and 100 < samples.eda_us[0] < 2000


@pytest.mark.usefixtures("several")
def test_streams_that_both_fit_are_both_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        make_source(f"lsl:{_OWN}-twins").open()
    for letter in "ab":
        assert f"lsl:name={_OWN}-twins,source_id={_OWN}-{letter}'" in str(caught.value)
    sensor = make_source(f"lsl:source_id={_OWN}-b")
    sensor.open()
    sensor.close()


@pytest.mark.usefixtures("several")
def test_what_is_there_is_named_where_the_wanted_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsl, "_LOOK_S", 0.5)
    with pytest.raises(PortNotFoundError, match="no LSL stream with name 'nowhere'"):
        make_source("lsl:nowhere").open()
    ports = [found.port for found in KINDS["lsl"].find(2.0)]
    assert f"lsl:{_OWN}-two" in ports
    assert f"lsl:name={_OWN}-twins,source_id={_OWN}-a" in ports


def test_a_stream_that_comes_back_goes_on() -> None:
    stream = {"name": "back", "channels": _US, "source_id": f"{_OWN}-back"}
    sensor = make_source(f"lsl:{_OWN}-back")
    with outlets(stream):
        sensor.open()
        before = _read(sensor, 2.0)
    ended_s = time.monotonic()
    with pytest.raises(SensorDisconnectedError, match="has ended"):
        _read(sensor, 5.0)
    sensor.close()
    with pytest.raises(PortNotFoundError, match="is not there"):
        sensor.open()
    with outlets(stream):
        sensor.open()
        after = _read(sensor, 1.5)
        began_s = time.monotonic()
        sensor.close()
    assert sensor.counters.reconnections == 1
    assert after.eda_us[0] < before.eda_us[-1]
    gap_s = after.time_s[-1] - before.time_s[-1]
    assert gap_s == pytest.approx(began_s - ended_s, abs=0.5)


def test_a_clock_that_is_set_leaves_time_alone() -> None:
    sensor = make_source(f"lsl:{_OWN}-set")
    with outlets({"name": "set", "channels": _US, "jump_s": -500.0}):
        sensor.open()
        samples = _read(sensor, 3.5)
        sensor.close()
    number = np.rint((samples.eda_us - 100.0) * 100)
    assert number[0] < 140 and number[-1] > 160
    np.testing.assert_array_equal(np.diff(number), 1)
    span_s = samples.time_s[-1] - samples.time_s[0]
    assert span_s == pytest.approx((number.size - 1) / 50, abs=0.3)
    assert sensor.counters.restarts == 1
    assert "another clock" in sensor.describe().details


@pytest.mark.parametrize(
    ("address", "options", "said"),
    [
        ("name=", {}, "expected: a value after name="),
        ("", {"calibration": "mV"}, "calibration is 'mV'"),
        ("", {"sensor": "grove"}, "sensor is 'grove'"),
    ],
)
def test_mistakes_are_named_before_anything_is_opened(
    address: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ArgumentError, match=said):
        make_source(f"lsl:{address}", SourceOptions(**options))


def test_streams_that_hang_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"hung-{i}" for i in range(3)]
    with outlets(*({"name": name, "channels": _US} for name in names)) as process:
        resolve = pylsl.resolve_streams

        def hang(wait_s: float) -> Any:
            found = [info for info in resolve(wait_s) if f"{_OWN}-hung" in info.name()]
            os.kill(process.pid, signal.SIGSTOP)
            return found

        monkeypatch.setattr(pylsl, "resolve_streams", hang)
        began_s = time.monotonic()
        assert lsl.streams_present(0.5) == []
        assert time.monotonic() - began_s < 2.3


def test_the_simulated_stream_is_read() -> None:
    name = f"{_OWN}-sim"
    process = subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--sensor", "lsl", "--link", name,
         "--rate", "50", "--drop", "0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = f"lsl:{name}: simulated person 1, lsl 50 Hz at speed 1; waiting for a reader"
        assert said in process.stdout.readline()
        sensor = make_source(f"lsl:{name}")
        sensor.open()
        samples = _read(sensor, 2.5)
        sensor.close()
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert 30 < len(samples) < 160 and np.isfinite(samples.eda_us).all()
    assert "channel EDA, in uS" in sensor.describe().details
