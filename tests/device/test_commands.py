"""The commands as processes: rtcan-sim with its faults, rtcan-devices, rtcan-live."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device.drivers.driver import DriverOptions
from device.errors import SensorDisconnectedError
from device.serial.transport import SerialTransport
from device.sources.search import look_at
from device.sources.serial import SerialSensor
from tests.device.conftest import Wire


@contextmanager
def simulator(link: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--link", str(link), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert str(link) in process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("pause_s", [0.0, 2.0])
def test_a_recording_is_played_to_its_end(tmp_path: Path, pause_s: float) -> None:
    """However late it is read, as on a busy machine: the port stays until all was."""
    recording = tmp_path / "recording.csv"
    recording.write_text("EDA\n" + "\n".join(f"{3 + i / 1000:.4f}" for i in range(1000)))
    with simulator(
        tmp_path / "port", "--recording", str(recording), "--rate", "100", "--speed", "10",
        "--calibration", "us",
    ) as process:  # fmt: skip
        options = DriverOptions(rate_hz=100, calibration="us")
        sensor = SerialSensor(str(tmp_path / "port"), "grove", options=options)
        sensor.open()
        time.sleep(pause_s)
        values: list[float] = []
        with pytest.raises(SensorDisconnectedError):
            while True:
                values += sensor.read(0.1).eda_us.tolist()
        sensor.close()
        assert process.wait(timeout=20) == 0
    # The first line may be cut: no reader believes it.
    assert values == pytest.approx([3 + i / 1000 for i in range(1, 1000)])
    assert not (tmp_path / "port").exists()


def test_an_interrupt_removes_the_port(tmp_path: Path) -> None:
    with simulator(tmp_path / "port", "--sensor", "shimmer") as process:
        assert (tmp_path / "port").is_symlink()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert not (tmp_path / "port").is_symlink()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--recording", str(Path(__file__).parent)], "holds nothing that can be replayed"),
        (["--sensor", "thermometer"], "thermometer"),
        (["--unplug-every", "5"], "--link"),
        (["--drop", "2"], "0<=x<=1"),
        (["--calibration", "odd"], "not understood"),
    ],
)
def test_options_that_are_refused(options: list[str], says: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "device.simulation.simulator", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    assert says in run.stderr
    assert "Traceback" not in run.stderr


def test_a_link_does_not_replace_a_file(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    run = subprocess.run(
        [sys.executable, "-m", "device.simulation.simulator", "--link", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert path.read_text() == "years of work"


@pytest.mark.usefixtures("impatient")
def test_what_answers_on_a_port_is_said(tmp_path: Path, wire: Wire) -> None:
    with simulator(tmp_path / "port", "--sensor", "bitalino"):
        found = look_at(str(tmp_path / "port"))
        assert "--sensor bitalino --baud 115200" in str(found.answer)
        assert (found.sensor, found.baud) == ("bitalino", 115200)
    assert look_at(str(tmp_path / "port")).answer == "not there any more"
    holder = SerialTransport(wire.port, 9600)
    holder.open()
    assert look_at(wire.port).answer == "in use by another program"
    holder.close()
    assert look_at(wire.port).answer == "nothing that is known answers"


def test_the_devices_command(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "device.devices", "--list", "--port", "/dev/ttyTEST"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout == "/dev/ttyTEST\n"


def devices(*options: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "device.devices", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_the_devices_command_sees_simulated_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No operating system lists a pseudo-terminal: its simulator says that it is there."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    first, second = tmp_path / "first", tmp_path / "second"
    with simulator(first, "--sensor", "bitalino", "--seed", "4"):
        with simulator(second) as killed:
            assert f"{second}  simulated by rtcan-sim: simulated person 1" in devices("--list")
            said = devices().splitlines()
            at = said.index(f"{first}  simulated by rtcan-sim: simulated person 4")
            assert said[at + 1].strip() == (
                "BITalino (r)evolution: --sensor bitalino --baud 115200"
            )
            killed.kill()
            killed.wait(timeout=20)
        assert str(second) not in devices("--list")
        assert str(first) in devices("--list")
    assert str(first) not in devices("--list")


def test_live_through_a_bad_line_that_is_unplugged(tmp_path: Path, tiny_model: Path) -> None:
    """Lost bytes and a pulled plug: predictions go on, and the summary tells what happened."""
    port = tmp_path / "port"
    with simulator(port, "--sensor", "bitalino", "--drop", "0.01", "--unplug-every", "5"):
        options = ["--port", str(port), "--model", str(tiny_model), "--output", "jsonl"]
        run = subprocess.run(
            [sys.executable, "-m", "runtime.live", *options, "--duration", "16"],
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
    events = [json.loads(line) for line in run.stdout.splitlines()]
    kinds = [event["kind"] for event in events if event["type"] == "status"]
    assert kinds[:2] == ["disconnected", "reconnected"]
    counters = events[-1]["counters"]
    assert counters["reconnections"] >= 1
    assert counters["lost"] > 10  # of some 1200 frames of three bytes each
    assert counters["samples"] > 800
    predictions = [event for event in events if event["type"] == "prediction"]
    assert any("no samples" in reason for p in predictions for reason in p["reasons"])
