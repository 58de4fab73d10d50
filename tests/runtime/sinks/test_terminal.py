import dataclasses
import io
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline
from runtime.sinks.charts import braille_cells, value_range
from runtime.sinks.events import Session, SinkHealth, Status
from runtime.sinks.terminal import TerminalView
from tests.runtime.live_parts import LIVE, write_table
from tests.terminals import resize


def screen(view: TerminalView, width: int = 80, height: int = 24) -> str:
    """What the view draws, as plain text."""
    assert view._shot is not None
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    for line in view._shot.lines(width, height):
        console.print(line)
    text = out.getvalue()
    assert len(text.splitlines()) <= height
    assert max(map(len, text.splitlines())) <= width
    return text


@pytest.fixture
def pipeline(tiny_model: Path) -> Pipeline:
    return Pipeline(Classifier(tiny_model))


@pytest.fixture
def view(pipeline: Pipeline) -> TerminalView:
    return begun(pipeline)


def begun(pipeline: Pipeline, speed: float = 1.0, **session: Any) -> TerminalView:
    view = TerminalView(Console(file=io.StringIO(), width=80, force_terminal=True))
    info = SensorInfo("Grove", "/dev/ttyUSB7", 19.0, speed=speed)
    view.start(Session(info, "best.onnx", pipeline.contract, **session))
    return view


def feed(view: TerminalView, pipeline: Pipeline, samples: Samples) -> None:
    decider = Decider(pipeline.contract)
    predictions = pipeline.push(samples)
    view.samples(samples, pipeline.preprocessor.fill_s)
    for prediction in predictions:
        view.prediction(decider.push(prediction))


def test_where_else_it_can_be_seen_stays_in_sight(pipeline: Pipeline) -> None:
    address = "dashboard: http://127.0.0.1:8080/?token=secret"
    view = TerminalView(Console(file=io.StringIO(), width=80, force_terminal=True), [address])
    info = SensorInfo("Grove", "/dev/ttyUSB7", 19.0, speed=1.0)
    view.start(Session(info, "best.onnx", pipeline.contract))
    assert address in screen(view)
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.5))
    assert address in screen(view) and address in screen(view, 60, 8)


def test_it_says_what_it_waits_for(view: TerminalView, pipeline: Pipeline) -> None:
    assert "waiting for the first samples" in screen(view)
    feed(view, pipeline, simulate(Person(), 8, 19.0, arousal=lambda _: 0.5))
    assert re.search(r"first window: [78] of 12 s of signal\n", screen(view))


def test_it_says_at_which_speed_time_passes(pipeline: Pipeline) -> None:
    view = begun(pipeline, speed=8.0)
    feed(view, pipeline, simulate(Person(), 8, 19.0, arousal=lambda _: 0.5))
    text = screen(view)
    assert "of 12 s of signal, at 8× real time" in text
    assert "/dev/ttyUSB7" in text.splitlines()[0] and "8× real time" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("width", "height"), [(40, 10), (60, 16), (80, 24), (100, 20), (200, 60), (20, 6), (9, 2)]
)
def test_it_fits_any_screen_and_keeps_what_matters(
    pipeline: Pipeline, width: int, height: int
) -> None:
    sinks = (SinkHealth("mqtt", 12, "broker 127.0.0.1:1883 cannot be reached; trying again"),)
    view = begun(pipeline, health=lambda: sinks, trained_on="simulated people, nothing real")
    feed(view, pipeline, simulate(Person(), 90, 19.0, arousal=lambda _: 0.9))
    text = screen(view, width, height)
    assert "arousal" in text and "valence" in text
    if (width, height) >= (40, 10):
        assert (
            len(re.findall(r"(?:arousal|valence) +(?:LOW|HIGH|UNDECIDED) +\d+ % high", text)) == 2
        )
        words = " ".join(text.split())
        assert re.search(r"signal \d+ %: \w", words)
        assert "best.onnx, trained on simulated people, nothing real" in words
    if (width, height) >= (60, 16):
        assert "µS" in text and "mqtt" in text
    else:
        assert "µS" not in text
    if width == 200:  # all of a large screen is used
        lines = text.splitlines()
        assert len(lines) == 60 and max(map(len, lines)) == 200


def test_the_word_belongs_to_the_number(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.9))
    assert view._shot is not None and view._shot.prediction is not None
    known = view._shot.prediction.decisions["arousal"]
    assert known.smoothed is not None
    expected = f"{known.state.upper()} +{100 * known.smoothed:.0f} % high"
    assert re.search(f"arousal +{expected}", screen(view))


def test_a_model_without_valence(tiny_model: Path) -> None:
    pipeline = Pipeline(Classifier(tiny_model))
    view = begun(pipeline)
    assert view._shot is not None
    session = view._shot.session
    one = dataclasses.replace(session.contract, targets=session.contract.targets[:1])
    object.__setattr__(session, "contract", one)
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.9))
    text = screen(view)
    assert "arousal" in text and "alence" not in text


def test_an_answer_expires(
    view: TerminalView, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(view, pipeline, simulate(Person(), 30, 19.0, arousal=lambda _: 0.9))
    later_s = time.monotonic() + 42
    monkeypatch.setattr("runtime.sinks.terminal.time.monotonic", lambda: later_s)
    view._draw()
    assert re.search("no answer for 4[12] s", screen(view))


def test_it_shows_trouble_until_it_is_over(view: TerminalView, pipeline: Pipeline) -> None:
    view.status(Status("disconnected", "the port went away; waiting for it to come back"))
    assert "the port went away" in screen(view)
    feed(view, pipeline, simulate(Person(), 3, 19.0, arousal=lambda _: 0.5))
    assert "the port went away" not in screen(view)


def test_a_withheld_answer_is_no_answer(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, Samples(np.arange(400) / 20, np.full(400, 3.0)))
    text = screen(view)
    assert "arousal  no answer" in text and "does not move" in text


def test_tonic_and_phasic_are_drawn_where_they_are(view: TerminalView, pipeline: Pipeline) -> None:
    feed(view, pipeline, simulate(Person(), 60, 19.0, arousal=lambda _: 0.9))
    lines = screen(view).splitlines()
    axis = next(k for k, line in enumerate(lines) if "EDA  tonic  phasic" in line)
    assert lines[axis].split()[0] == "0:00" and lines[axis].split()[-1] == "1:00"
    # The last window is 10 s long: the phasic part covers the last sixth of the minute.
    phasic = lines[axis - 4 : axis]
    drawn = [any(line[k : k + 1].strip(" \u2800") for line in phasic) for k in range(10, 80)]
    assert not any(drawn[:55]) and all(drawn[60:67])


def test_while_the_baseline_is_measured_it_says_so(view: TerminalView, pipeline: Pipeline) -> None:
    decider = Decider(pipeline.contract, DecisionSettings(baseline_s=25))
    predictions = pipeline.push(simulate(Person(), 50, 19.0, arousal=lambda _: 0.9))
    for prediction in predictions[:5]:
        view.prediction(decider.push(prediction))
    assert "at rest, 20 s left" in screen(view)
    for prediction in predictions[5:]:
        view.prediction(decider.push(prediction))
    assert re.search(r"arousal +(LOW|HIGH|UNDECIDED) +\d+ % high [+−]\d+", screen(view))


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


@pytest.mark.alone
def test_on_a_real_terminal_that_changes_its_size(tmp_path: Path, tiny_model: Path) -> None:
    table = write_table(tmp_path)
    master, slave = pty.openpty()
    resize(slave, 30, 100)
    live = subprocess.Popen(
        [*LIVE, "--port", f"replay:{table}", "--speed", "10", "--model", str(tiny_model)],
        stdout=slave, stderr=slave, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    shown = b""
    while select.select([master], [], [], 0.2)[0] or live.poll() is None:
        if select.select([master], [], [], 0)[0]:
            shown += os.read(master, 65536)
        if b"% high" in shown:
            resize(slave, 12, 50)
    assert live.wait(timeout=20) == 0
    os.close(slave)
    os.close(master)
    text = shown.decode()
    assert "Traceback" not in text
    # It has a screen of its own, and gives the usual one back with the last frame on it.
    view, end, rest = text.partition("\x1b[?1049l")
    _, begin, view = view.partition("\x1b[?1049h")
    assert begin and end
    frames = [text for frame in view.split("\x1b[H") if (text := plain(frame)).strip()]
    assert "first window" in frames[0] and max(map(len, frames[0].splitlines())) == 100
    charts = [sum(any(c > "\u2800" for c in line) for line in f.splitlines()) for f in frames]
    assert max(charts) > 10  # rows with dots in them, on 30 rows
    last = frames[-1].splitlines()
    assert len(last) == 12 and max(map(len, last)) <= 50
    assert "% high" in frames[-1] and "trained on" in frames[-1]
    assert "% high" in plain(rest) and "latency p50" in plain(rest)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


@pytest.mark.parametrize("kind", ["rate", "resolution"])
def test_what_is_true_of_the_sensor_for_good_stays_on_the_screen(
    kind: str, view: TerminalView
) -> None:
    view.status(Status(kind, "too coarse or too slow"))
    view.status(Status("silent", "nothing comes"))
    view.samples(Samples([0.0, 0.1], [5.0, 5.0]), 1.0)
    text = screen(view)
    assert "too coarse or too slow" in text
    assert "nothing comes" not in text
