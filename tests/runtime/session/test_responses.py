"""A run's responses reach every output, once."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import rtcan
from runtime.inference.pipeline import Pipeline
from runtime.live.sensors import make_sensor
from runtime.preprocessing.events.responses import Response
from runtime.recording.recorder import Recorder
from runtime.session.loop import run
from runtime.sinks.jsonl import JsonLines
from runtime.sinks.sink import Sink
from runtime.sinks.terminal import TerminalView
from tests.runtime.live_parts import write_table


class Collecting(Sink):
    """Keeps responses and counts."""

    def __init__(self) -> None:
        self.found: list[Response] = []
        self.counts: list[int | None] = []

    def scr(self, response: Response) -> None:
        self.found.append(response)

    def prediction(self, prediction: rtcan.Prediction) -> None:
        self.counts.append(prediction.scr_per_min)


def test_every_output_has_the_same_responses(tmp_path: Path, tiny_model: Path) -> None:
    table = write_table(tmp_path, 120)
    lines, sink = io.StringIO(), Collecting()
    screen = io.StringIO()
    console = Console(file=screen, width=100, height=30, force_terminal=False)
    run(
        make_sensor(table, speed=None),
        Pipeline(tiny_model),
        [sink, JsonLines(lines), Recorder(tmp_path / "recorded"), TerminalView(console)],
        lossless=True,
    )
    assert len(sink.found) > 10
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    scr = [one for one in told if one["type"] == "scr"]
    assert [one["onset_s"] for one in scr] == [round(one.onset_s, 6) for one in sink.found]
    assert [one["amplitude_us"] for one in scr] == pytest.approx(
        [one.amplitude_us for one in sink.found], abs=1e-6
    )
    counts = [one["scr_per_min"] for one in told if one["type"] == "prediction"]
    assert counts == sink.counts and counts[0] is None and counts[-1] > 3
    (events,) = (tmp_path / "recorded").glob("**/*_events.tsv")
    with events.open() as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["trial_type"] == "scr"]
    by_onset = sorted(sink.found, key=lambda one: one.onset_s)
    assert [float(row["onset"]) for row in rows] == [one.onset_s for one in by_onset]
    assert [float(row["value"]) for row in rows] == [one.amplitude_us for one in by_onset]
    assert float(rows[0]["duration"]) > 1.0
    assert "▾" in screen.getvalue() and "per minute" in screen.getvalue()


def test_the_iterator_has_them_too(tmp_path: Path, tiny_model: Path) -> None:
    table = write_table(tmp_path, 120)
    sink = Collecting()
    run(make_sensor(table, speed=None), Pipeline(tiny_model), [sink], lossless=True)
    live = rtcan.live(table, model=tiny_model, speed=None)
    found = [response for prediction in live for response in prediction.responses]
    assert [*found, *live.responses] == sink.found and found and live.responses
