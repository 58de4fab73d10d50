"""The commands as processes, on a real pseudo-terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.simulation.physiology import Person, simulate

LIVE = [sys.executable, "-m", "runtime.live"]
SIM = [sys.executable, "-m", "device.simulation.simulator"]


@contextmanager
def simulator(link: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A simulated sensor whose port is there when the block begins."""
    process = subprocess.Popen(
        [*SIM, "--link", str(link), *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "waiting for a reader" in process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def live(*options: str, timeout_s: float = 60) -> tuple[list[dict[str, Any]], str, int]:
    """Run rtcan-live to its end; return its JSON lines, its standard error and exit status."""
    done = subprocess.run(
        [*LIVE, *options], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr, done.returncode


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Forty seconds at 50 Hz as a text file."""
    eda_us = simulate(Person(), 40, 50.0, arousal=lambda _: 0.8, seed=2).eda_us
    path = tmp_path / "recording.csv"
    path.write_text("t,EDA\n" + "".join(f"{i},{v:.5f}\n" for i, v in enumerate(eda_us)))
    return path


def test_a_recording_through_a_port_to_json_lines(
    recording: Path, tmp_path: Path, tiny_model: Path
) -> None:
    link = tmp_path / "gsr"
    play = ("--recording", str(recording), "--column", "EDA", "--rate", "50", "--speed", "10")
    with simulator(link, *play):
        events, _, status = live(
            "--port", str(link), "--rate", "50", "--model", str(tiny_model), "--duration", "7"
        )
    assert status == 0
    assert [events[0]["type"], events[-1]["type"]] == ["start", "summary"]
    assert events[0]["trained_on"] == "nothing: random weights"
    predictions = of_kind(events, "prediction")
    # The first line may be half a line and is left out: 1999 samples. Windows end at 12, 13, ... s,
    # and each needs 3/8 s more.
    assert [p["time_s"] for p in predictions] == [12.0 + k for k in range(28)]
    for prediction in predictions:
        for target in ("arousal", "valence"):
            high = prediction[target]["probability_high"]
            assert 0 <= high <= 1
            assert prediction[target]["label"] == ("high" if high >= 0.5 else "low")
        assert prediction["gap_share"] == 0
        assert 0 < prediction["compute_ms"] <= prediction["latency_ms"]
    summary = events[-1]
    assert summary["counters"]["samples"] == 1999
    assert summary["counters"]["lost"] == 0
    assert summary["windows"] == 28
    # The recording ended and its port went away; live waited for it, as told.
    kinds = [s["kind"] for s in of_kind(events, "status")]
    # The simulated Grove is coarse at the level of this person, which is said once.
    assert kinds in (["disconnected"], ["resolution", "disconnected"])


def test_what_live_computes_is_what_the_recording_gives_offline(
    recording: Path, tmp_path: Path, tiny_model: Path
) -> None:
    from device.readers.columns import read_column
    from device.samples import Samples
    from runtime.inference.classifier import Classifier
    from runtime.inference.pipeline import Pipeline

    eda_us = np.round(read_column(recording, "EDA"), 6)[1:]
    offline = Pipeline(Classifier(tiny_model)).push(Samples(np.arange(1999) / 50.0, eda_us))
    link = tmp_path / "gsr"
    play = ("--recording", str(recording), "--column", "EDA", "--rate", "50", "--speed", "10")
    with simulator(link, *play, "--calibration", "us"):
        events, _, _ = live(
            "--port", str(link), "--rate", "50", "--calibration", "us", "--model", str(tiny_model),
            "--no-reconnect",
        )  # fmt: skip
    online = of_kind(events, "prediction")
    assert len(online) == len(offline) == 28
    for seen, known in zip(online, offline, strict=True):
        expected = known.estimates["arousal"].probability_high
        assert seen["arousal"]["probability_high"] == pytest.approx(expected, abs=2e-6)


def test_an_unplugged_sensor_ends_the_run_when_told_so(
    recording: Path, tmp_path: Path, tiny_model: Path
) -> None:
    link = tmp_path / "gsr"
    play = ("--recording", str(recording), "--column", "1", "--rate", "50", "--speed", "40")
    with simulator(link, *play):
        events, error, status = live(
            "--port", str(link), "--rate", "50", "--model", str(tiny_model), "--no-reconnect"
        )
    assert status == 1
    assert f"Error: {link} went away" in error
    assert "Traceback" not in error
    assert len(of_kind(events, "prediction")) == 28
    assert events[-1]["type"] == "summary"


def test_a_sensor_that_comes_back_is_read_again(
    recording: Path, tmp_path: Path, tiny_model: Path
) -> None:
    link = tmp_path / "gsr"
    play = ("--recording", str(recording), "--column", "EDA", "--rate", "50", "--speed", "20")
    with simulator(link, *play):
        process = subprocess.Popen(
            [*LIVE, "--port", str(link), "--rate", "50", "--model", str(tiny_model)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        events = [json.loads(next(lines))]
        while events[-1].get("kind") != "disconnected":
            events.append(json.loads(next(lines)))
    with simulator(link, *play):
        while events[-1].get("kind") != "reconnected":
            events.append(json.loads(next(lines)))
        while events[-1]["type"] != "prediction":
            events.append(json.loads(next(lines)))
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    events += [json.loads(line) for line in rest.splitlines()]
    assert process.returncode == 0
    assert events[-1]["type"] == "summary"
    assert events[-1]["counters"]["reconnections"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_a_summary(
    number: signal.Signals, tmp_path: Path, tiny_model: Path
) -> None:
    link = tmp_path / "gsr"
    with simulator(link, "--speed", "20", "--arousal", "0.9"):
        process = subprocess.Popen(
            [*LIVE, "--port", str(link), "--rate", "19", "--model", str(tiny_model)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["type"] != "prediction":
            pass
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert "samples in" in error and "latency p50" in error


def test_time_is_measured_where_no_rate_is_given(tmp_path: Path, tiny_model: Path) -> None:
    link = tmp_path / "gsr"
    with simulator(link, "--arousal", "0.9", "--rate", "100"):
        events, _, status = live(
            "--port", str(link), "--model", str(tiny_model), "--duration", "16", timeout_s=90
        )
    assert status == 0
    predictions = of_kind(events, "prediction")
    # 16 s of real time hold windows that end at 12, 13, 14 and perhaps 15 s.
    assert 3 <= len(predictions) <= 4
    assert all(p["gap_share"] == 0 for p in predictions)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "/dev/there-is-none"], "There is no port /dev/there-is-none"),
        (["--port", "x", "--model", "none.onnx"], "There is no model none.onnx"),
        (["--port", "x", "--calibration", "9000"], "Calibration '9000' is not understood"),
        (["--port", "x", "--model", __file__], "is not an ONNX model"),
        (["--port", "x", "--rate", "0"], "--rate"),
        ([], "--port"),
    ],
)
def test_bad_input_is_one_clear_message(
    options: list[str], said: str, tiny_model: Path, tmp_path: Path
) -> None:
    if "--model" not in options:
        options = [*options, "--model", str(tiny_model)]
    events, error, status = live(*options)
    assert status != 0
    assert said in error
    assert "Traceback" not in error
    assert events == []


def test_a_busy_port_is_named(tmp_path: Path, tiny_model: Path) -> None:
    link = tmp_path / "gsr"
    with simulator(link, "--arousal", "0.5"):
        options = ("--port", str(link), "--model", str(tiny_model))
        first = subprocess.Popen([*LIVE, *options], stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        assert json.loads(first.stdout.readline())["type"] == "start"
        _, error, status = live(*options)
        first.terminate()
        first.communicate(timeout=20)
    assert status == 1
    assert "in use by another program" in error


@pytest.mark.parametrize(
    ("sensor", "said"), [("auto", "like none of the known sensors"), ("grove", "at 9600 baud")]
)
def test_garbage_is_named_after_a_few_seconds(
    sensor: str, said: str, tmp_path: Path, tiny_model: Path
) -> None:
    master, slave = os.openpty()
    process = subprocess.Popen(
        [*LIVE, "--port", os.ttyname(slave), "--sensor", sensor, "--model", str(tiny_model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    noise = np.random.default_rng(0)
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        os.write(master, noise.integers(0, 256, 20, dtype=np.uint8).tobytes())
        time.sleep(0.05)
    _, error = process.communicate(timeout=20)
    os.close(master)
    os.close(slave)
    assert process.returncode == 1
    assert said in error and "--baud" in error


def test_the_edge_imports_nothing_heavy(tmp_path: Path, tiny_model: Path) -> None:
    code = (
        "import sys, runtime.live.command, runtime.inference.pipeline, "
        "runtime.sinks.terminal, runtime.sinks.jsonl, "
        "device.simulation.simulator, device.sources.serial\n"
        "from pathlib import Path\n"
        "from runtime import Classifier\n"
        f"Classifier(Path({str(tiny_model)!r}))\n"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'cvxopt', 'onnx', 'scipy.signal', 'joblib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
