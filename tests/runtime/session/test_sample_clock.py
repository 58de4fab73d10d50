"""Absolute time in every output, a named rate that is wrong, and a computer that sleeps."""

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo
from device.sources.demo import DemoSensor
from device.sources.replay import ReplaySensor
from device.timing import now
from device.timing.now import now_s
from device.timing.sample_clock import ClockReading
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.layout import runs
from runtime.recording.load import load
from runtime.recording.recorder import Recorder
from runtime.replay.find import find
from runtime.session import reader
from runtime.session.loop import run
from runtime.session.reader import Reader
from runtime.sinks.events import Session, Status
from runtime.sinks.jsonl import JsonLines
from runtime.sinks.sink import Sink


class Lines:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        self.events.append(json.loads(text))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


def unix_s(text: str) -> float:
    assert text.endswith("Z")
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_every_output_says_when_it_was(tiny_model: Path, tmp_path: Path) -> None:
    lines, began_s = Lines(), time.time()
    pipeline = Pipeline(Classifier(tiny_model))
    run(DemoSensor(8.0), pipeline, [JsonLines(lines), Recorder(tmp_path)], duration_s=4.0)
    first = lines.of("clock")[0]
    zero_s = unix_s(first["time_zero_utc"])
    assert began_s - 1 <= zero_s <= began_s + 10 and 0 < first["uncertainty_s"] < 5
    assert first["pace"] == pytest.approx(1 / 8)
    for event in lines.of("prediction"):
        assert unix_s(event["utc"]) == pytest.approx(zero_s + event["time_s"] / 8, abs=0.1)
    assert lines.of("prediction")
    physio = json.loads(runs(tmp_path)[0].physio_json.read_text())
    assert unix_s(physio["TimeZeroUTC"]) == pytest.approx(zero_s, abs=0.1)
    assert physio["RTCAN"]["clock"]["rate_hz"] == pytest.approx(19.0, abs=0.01)
    # Played again, it says when it was taken, not when it is played.
    source = find(tmp_path)
    assert source.began_utc_s == pytest.approx(zero_s, abs=0.1)
    again = Recorder(tmp_path / "again")
    run(ReplaySensor(source, None), Pipeline(pipeline.classifier), [again], lossless=True)
    physio = json.loads(runs(tmp_path / "again")[0].physio_json.read_text())
    assert unix_s(physio["TimeZeroUTC"]) == pytest.approx(zero_s, abs=0.1)


class Counting:
    """A sensor that counts its samples at a rate that was named wrongly.

    Its time, by which `true_hz` counts, passes `pace` times as fast as the computer's.
    """

    def __init__(self, named_hz: float | None, true_hz: float, pace: float = 1.0) -> None:
        self.counters = SensorCounters()
        self._pace = pace
        self._named_hz, self._true_hz = named_hz, true_hz
        self._sent = 0

    def open(self) -> None:
        self._began_s = time.monotonic()

    def read(self, timeout_s: float) -> Samples:
        time.sleep(0.01)
        due = int((time.monotonic() - self._began_s) * self._pace * self._true_hz)
        index = np.arange(self._sent, due)
        self._sent = due
        return Samples(index / (self._named_hz or self._true_hz), np.full(index.size, 5.0))

    def close(self) -> None:
        pass

    def describe(self) -> SensorInfo:
        return SensorInfo("counting", "x", self._named_hz)


class Statuses(Sink):
    def __init__(self) -> None:
        self.seen: list[Status] = []
        self.readings: list[tuple[float, ClockReading | None]] = []
        self.session: Session | None = None

    def start(self, session: Session) -> None:
        self.session = session

    def samples(self, samples: Samples, fill_s: float) -> None:
        assert self.session is not None
        self.readings.append((float(samples.time_s[-1]), self.session.clock.reading))

    def status(self, status: Status) -> None:
        self.seen.append(status)


def test_a_named_rate_that_arrivals_contradict_is_said(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It takes twenty seconds to be sure: they pass five times as fast here.
    monkeypatch.setattr(reader, "now_s", lambda: 5.0 * time.monotonic())
    heard = Statuses()
    pipeline = Pipeline(Classifier(tiny_model))
    run(Counting(20.0, 16.0, pace=5.0), pipeline, [heard], duration_s=5.0)
    said = [status.text for status in heard.seen if status.kind == "rate"]
    assert len(said) == 1
    assert "not the 20 named with --rate" in said[0] and "25.0 % slow" in said[0]


def test_a_recording_without_a_nominal_rate_has_the_measured_one(
    tiny_model: Path, tmp_path: Path
) -> None:
    run(Counting(None, 50.0), Pipeline(Classifier(tiny_model)), [Recorder(tmp_path)], duration_s=4)
    physio = json.loads(runs(tmp_path)[0].physio_json.read_text())
    assert physio["SamplingFrequency"] == pytest.approx(50.0)
    assert len(list(load(tmp_path).blocks())) == 1


def test_sleep_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = [0.0]
    monkeypatch.setattr(now, "_slept", lambda: slept[0])
    reading = Reader(Counting(50.0, 50.0))
    reading._sensor.open()
    threading.Timer(0.5, lambda: slept.__setitem__(0, 3600.0)).start()
    reading.start()
    time.sleep(1.5)
    reading.stop()
    events = list(reading.events.queue)
    said = [event for event in events if isinstance(event, Status)]
    assert [status.kind for status in said] == ["suspended"] and "3600 s" in said[0].text
    arrivals_s = [event.arrival_s for event in events if not isinstance(event, Status)]
    assert 3599 < np.diff(arrivals_s).max() < 3602
    assert arrivals_s[-1] == pytest.approx(now_s(), abs=5)
