import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline
from runtime.sinks.events import Session, SinkHealth, Status
from runtime.sinks.terminal import TerminalView, braille_cells, value_range


def screen(view: TerminalView) -> str:
    """What the view draws, as plain text of 80 columns."""
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(view._render())
    return out.getvalue()


@pytest.fixture
def pipeline(tiny_model: Path) -> Pipeline:
    return Pipeline(Classifier(tiny_model))


@pytest.fixture
def view(pipeline: Pipeline) -> TerminalView:
    view = TerminalView(Console(file=io.StringIO(), width=80, force_terminal=True))
    info = SensorInfo("Grove", "/dev/ttyUSB7", 19.0)
    view.start(Session(info, "best.onnx", pipeline.contract))
    return view


def feed(view: TerminalView, pipeline: Pipeline, samples: Samples) -> None:
    predictions = pipeline.push(samples)
    view.samples(samples, pipeline.preprocessor.fill_s)
    for prediction in predictions:
        view.prediction(prediction)


def test_it_says_what_it_waits_for(view: TerminalView, pipeline: Pipeline) -> None:
    assert "waiting for the first samples" in screen(view)
    feed(view, pipeline, simulate(Person(), 8, 19.0, arousal=lambda _: 0.5))
    assert re.search(r"window fills: [78] of 12 s", screen(view))


def test_it_fits_80_by_24_and_shows_the_estimates(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.9))
    text = screen(view)
    lines = text.splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert re.search(r"arousal +(LOW|HIGH) .* \d+% high", text)
    assert "trained on nothing: random weights" in text
    assert "signal: good" in text
    assert "µS" in text


def test_it_shows_trouble_until_it_is_over(view: TerminalView, pipeline: Pipeline) -> None:
    view.status(Status("disconnected", "the port went away; waiting for it to come back"))
    assert "the port went away" in screen(view)
    feed(view, pipeline, simulate(Person(), 3, 19.0, arousal=lambda _: 0.5))
    assert "the port went away" not in screen(view)


def test_a_withheld_answer_is_no_answer(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, Samples(np.arange(400) / 20, np.full(400, 3.0)))
    text = screen(view)
    assert "NONE" in text and "no answer" in text and "does not move" in text


def test_tonic_and_phasic_are_drawn_where_they_are(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, simulate(Person(), 60, 19.0, arousal=lambda _: 0.9))
    lines = screen(view).splitlines()
    assert "EDA  tonic  phasic" in lines[11]
    # The last window is 10 s long: the phasic part covers the last sixth of the minute.
    phasic = lines[8:11]
    drawn = [any(line[k] not in " \u2800" for line in phasic) for k in range(13, 78)]
    assert not any(drawn[:50]) and all(drawn[56:63])


def test_a_sink_in_trouble_has_its_line(view: TerminalView, pipeline: Pipeline) -> None:
    broken = SinkHealth("mqtt", 12, "broker 127.0.0.1:1883 cannot be reached; trying again")
    session = Session(
        SensorInfo("Grove", "x", 19.0), "m", pipeline.contract, health=lambda: (broken,)
    )
    view.start(session)
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.9))
    text = screen(view)
    assert "mqtt: broker 127.0.0.1:1883 cannot be reached; trying again, 12 missed" in text
    assert len(text.splitlines()) < 24


def test_while_the_baseline_is_measured_it_says_so(view: TerminalView, pipeline: Pipeline) -> None:
    decider = Decider(pipeline.contract, DecisionSettings(baseline_s=25))
    predictions = pipeline.push(simulate(Person(), 50, 19.0, arousal=lambda _: 0.9))
    for prediction in predictions[:5]:
        view.prediction(decider.push(prediction))
    assert "REST 20 s" in screen(view)
    for prediction in predictions[5:]:
        view.prediction(decider.push(prediction))
    assert re.search(r"arousal +(LOW|HIGH) .* \d+% high [+-]\d+", screen(view))


def test_a_line_goes_from_bottom_to_top() -> None:
    time_s = np.linspace(0, 60, 600)
    assert value_range(time_s / 10) == (0.0, 6.0)
    drawn = braille_cells(time_s, time_s / 10, 0.0, 60.0, 0.0, 6.0, 20, 4) != 0
    assert drawn.shape == (4, 20)
    # A quarter of the height is a quarter of the width, give or take a rounded dot.
    assert not drawn[0, :14].any() and drawn[0, 16:].all()
    assert drawn[3, :4].all() and not drawn[3, 6:].any()


def test_nothing_draws_nothing() -> None:
    nan = np.full(5, np.nan)
    assert value_range(nan) == (0.0, 0.0)
    assert not braille_cells(np.arange(5.0), nan, 0.0, 60.0, 0.0, 0.0, 10, 2).any()


def test_on_a_real_terminal(tmp_path: Path, tiny_model: Path) -> None:
    link = tmp_path / "gsr"
    sensor = subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--link", str(link), "--speed", "20"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sensor.stdout is not None
    sensor.stdout.readline()
    master, slave = pty.openpty()
    live = subprocess.Popen(
        [sys.executable, "-m", "runtime.live", "--port", str(link), "--rate", "19",
         "--model", str(tiny_model), "--duration", "2"],
        stdout=slave, stderr=slave, env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:
        pass  # how Linux reports that the other side is closed
    assert live.wait(timeout=20) == 0
    sensor.terminate()
    sensor.communicate(timeout=20)
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "RTCAN" in text and "window fills" in text and "% high" in text
    assert "latency p50" in text
    assert "Traceback" not in text
