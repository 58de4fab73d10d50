"""The firmware as it is built, on an emulated ATmega328P with a scripted skin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import serial

from device.calibration import GroveCalibration
from device.drivers.driver import DriverOptions
from device.protocols.readings import Readings
from device.protocols.rtcan import Identity, RtcanDecoder, parse_identity
from device.sources.serial import SerialSensor

FIRMWARE = Path(__file__).parents[3] / "device" / "firmware"
TOOLS = {
    "gcc-avr": shutil.which("avr-gcc"),
    "make": shutil.which("make"),
    "a C compiler": shutil.which("cc"),
    "libsimavr-dev": next(Path("/usr/include").glob("simavr/sim_avr.h"), None),
}
ARDUINO = Path(os.environ.get("ARDUINO", "/usr/share/arduino/hardware/arduino/avr"))
SUPPLY_MV = 5000.0


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name, found in TOOLS.items() if not found]
    if missing:
        pytest.skip(f"the firmware cannot be emulated without {', '.join(missing)}")
    out = tmp_path_factory.mktemp("firmware")
    subprocess.run(
        ["make", "-C", str(FIRMWARE), f"OUT={out}", "all", "emulator"],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return out


@pytest.fixture(scope="session", params=["atmega328p", "arduino"])
def flashed(request: pytest.FixtureRequest, build: Path) -> tuple[str, str]:
    """Return a board's name and its firmware: ours, and the sketch of the same protocol."""
    if request.param == "atmega328p":
        return request.param, "rtcan.elf"
    if not ARDUINO.exists():
        pytest.skip("the sketch cannot be built without arduino-core-avr")
    subprocess.run(
        ["make", "-C", str(FIRMWARE), f"OUT={build}", f"ARDUINO={ARDUINO}", "arduino"],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return request.param, "rtcan_arduino.elf"


@contextmanager
def board(
    build: Path, link: Path, script: dict[float, float], elf: str = "rtcan.elf"
) -> Iterator[str]:
    """Run the board with millivolts on A0 by seconds."""
    points = [f"{at_s}:{mv}" for at_s, mv in script.items()]
    process = subprocess.Popen(
        [str(build / "emulator"), str(build / elf), str(link), *points],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        # The emulator's library has things to say before it.
        assert any(line.strip() == str(link) for line in process.stdout)
        yield str(link)
    finally:
        process.terminate()
        process.communicate(timeout=20)


class Talk:
    """A conversation with a board."""

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 115200, timeout=0.05)
        self.decoder = RtcanDecoder()
        self.texts: list[str] = []

    def listen(self, until: object, patience_s: float = 30.0) -> Readings:
        """Collect samples until so many came, or a text that begins like this."""
        parts: list[Readings] = []
        give_up_s = time.monotonic() + patience_s
        while time.monotonic() < give_up_s:
            part = self.decoder.push(self.port.read(256))
            if len(part):
                parts.append(part)
            self.texts += self.decoder.texts
            heard = any(t.startswith(str(until)) for t in self.decoder.texts)
            self.decoder.texts.clear()
            if heard or (isinstance(until, int) and sum(map(len, parts)) >= until):
                break
        else:
            raise AssertionError(f"{until} did not come; heard {self.texts}")
        return Readings(
            np.concatenate([p.value for p in parts] or [np.empty(0)]),
            np.concatenate([p.sequence for p in parts] or [np.empty(0, dtype=np.int64)]),
            np.concatenate([p.ticks for p in parts] or [np.empty(0, dtype=np.int64)]),
        )

    def ask(self, line: str) -> Identity | None:
        self.texts.clear()
        self.port.write(line.encode() + b"\n")
        self.listen("rtcan")
        return parse_identity(self.texts[-1])


def test_samples_come_numbered_on_time_and_at_their_value(
    build: Path, flashed: tuple[str, str], tmp_path: Path
) -> None:
    with board(build, tmp_path / "board", {0: 1234}, flashed[1]) as port:
        readings = Talk(port).listen(150)
    assert (np.diff(readings.sequence) == 1).all()
    assert (np.diff(readings.ticks) == 10_000).all()  # 100 Hz, to the microsecond
    assert readings.value / 16 == pytest.approx(1234 / SUPPLY_MV * 1024, abs=1)


def test_identity_rate_calibration_and_reset(
    build: Path, flashed: tuple[str, str], tmp_path: Path
) -> None:
    name, elf = flashed
    with board(build, tmp_path / "board", {0: 1000}, elf) as port:
        talk = Talk(port)
        talk.listen(3)  # it is up: nothing that is said before can be heard
        assert talk.ask("?") == Identity(name, 14, 8192, 100, False)
        for rate_hz in (10, 25, 200):
            assert talk.ask(f"rate {rate_hz}") == Identity(name, 14, 8192, rate_hz, False)
            talk.listen(2)  # the period that was running when the rate changed
            steps = np.diff(talk.listen(10).ticks)
            assert steps.tolist() == pytest.approx([1e6 / rate_hz] * steps.size)
        for nonsense in ("rate 5", "rate 999", "rate", "open 0", "open 99999", "x" * 200, "rate x"):
            talk.port.write(nonsense.encode() + b"\n")
            talk.listen("error")
        assert talk.ask("open 8000") == Identity(name, 14, 8000, 200, False)
        talk.port.write(b"reset\n")
        talk.listen("hello")
        # The watchdog started it again: the rate is as at first, the calibration was kept.
        assert parse_identity(talk.texts[-1]) == Identity(name, 14, 8000, 100, True)
        readings = talk.listen(5)
        assert readings.sequence[0] < 100
        assert readings.ticks[-1] < 1_000_000


def test_the_period_that_runs_when_the_rate_changes_is_timed_as_it_is(
    build: Path, tmp_path: Path
) -> None:
    with board(build, tmp_path / "board", {0: 1000}) as port:
        line = Talk(port).port
        decoder, ticks, asked, answered = RtcanDecoder(), [], False, 0
        while not answered or len(ticks) < answered + 5:
            if len(ticks) >= 3 and not asked:
                asked = line.write(b"rate 10\n") > 0
            for byte in line.read(16):
                ticks += decoder.push(bytes([byte])).ticks.tolist()
                if not answered and any(text.endswith("rate=10") for text in decoder.texts):
                    answered = len(ticks)
    # The end of the period that ran when the answer was given was set before.
    steps = np.diff(ticks)
    assert (steps[:answered] == 10_000).all()
    assert (steps[answered + 1 :] == 100_000).all()


def test_a_sensor_finds_it_out_and_reads_the_scripted_skin(build: Path, tmp_path: Path) -> None:
    script = {0: 1000, 3: 1000, 4: 2000, 7: 2000, 7.1: 2600}
    with board(build, tmp_path / "board", script) as port:
        sensor = SerialSensor(port, options=DriverOptions(rate_hz=50.0))
        sensor.open()
        time_s, eda_us = [], []
        while not eda_us or not np.isnan(eda_us[-1]):
            samples = sensor.read(0.2)
            time_s += samples.time_s.tolist()
            eda_us += samples.eda_us.tolist()
        info = sensor.describe()
        sensor.close()
    assert info.rate_hz == 50
    assert "atmega328p" in info.details
    assert sensor.counters.lost == 0
    # A busy machine may slow the emulated board down, but not unevenly.
    steps = np.diff(time_s)
    assert np.median(steps) == pytest.approx(0.02, rel=0.2)
    calibration = GroveCalibration(8192, 14)
    for mv in (1000, 2000):
        wanted_us = calibration.to_us(mv / SUPPLY_MV * 16384)
        near = np.abs(np.array(eda_us) - wanted_us) < 0.02 * wanted_us
        assert near.sum() > 40
    # 2600 mV is above the half supply that open electrodes read: no value.
    assert np.isnan(eda_us[-1])


def test_rtcan_live_runs_on_it(build: Path, tmp_path: Path, tiny_model: Path) -> None:
    script = {0.0: 1500.0}
    for i in range(1, 60):
        script[float(i)] = 1500.0 + 100 * (i % 5)
    with board(build, tmp_path / "board", script) as port:
        options = ["--port", port, "--model", str(tiny_model), "--output", "jsonl"]
        run = subprocess.run(
            [sys.executable, "-m", "runtime.live", *options, "--duration", "15"],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert events[0]["sensor"] == "RTCAN firmware"
    predictions = [event for event in events if event["type"] == "prediction"]
    assert predictions
    assert all(p["arousal"]["label"] in ("low", "high") for p in predictions)
    assert events[-1]["counters"]["lost"] == 0
    assert events[-1]["counters"]["samples"] > 1000
