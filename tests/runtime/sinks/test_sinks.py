import json
import os
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from device.errors import ContractError
from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sources.replay import ReplaySensor
from runtime.inference.pipeline import Pipeline
from runtime.session.loop import run
from runtime.sinks.events import Session, Status
from runtime.sinks.jsonl import Descriptor, JsonLines
from runtime.sinks.sink import Sink
from tests.runtime.live_parts import LIVE, until, write_table
from tests.runtime.sinks.parts import Broken, Remembering, Stuck


def test_a_stuck_and_a_broken_sink_delay_nothing(source: Source, pipeline: Pipeline) -> None:
    good, stuck, broken = Remembering(), Stuck(), Broken(OSError("the disk is full"))
    stuck.farewell_s = 1.0
    began_s = time.monotonic()
    summary = run(ReplaySensor(source, 20.0), pipeline, [stuck, broken, good])
    stuck.let_go.set()
    kinds = [kind for kind, _ in good.seen]
    assert kinds.count("prediction") == 28 and summary.windows == 28
    # Two seconds of signal at that speed, and one that the stuck one has for its farewell.
    assert good.seen[-1][1] - began_s < 4
    assert time.monotonic() - began_s < 6
    health = {item.name: item for item in summary.sinks}
    assert health["remembering"].missed == 0 and health["remembering"].trouble is None
    assert health["stuck"].missed > 27
    assert health["stuck"].trouble == "did not end in time and was left behind"
    assert health["broken"].trouble == "stopped: the disk is full"
    # The third prediction, and all that came after it.
    assert health["broken"].missed >= 26
    assert good.news == ["broken: stopped: the disk is full"]
    assert broken.closed


def test_an_event_that_a_sink_cannot_take_costs_that_event(
    source: Source, pipeline: Pipeline
) -> None:
    good, broken = Remembering(), Broken(ZeroDivisionError("of all things"))
    summary = run(ReplaySensor(source, None), pipeline, [good, broken], lossless=True)
    [health] = [item for item in summary.sinks if item.name == "broken"]
    assert (broken.count, broken.closed, health.missed) == (28, True, 1)
    assert health.trouble == "an event could not be taken: ZeroDivisionError: of all things"
    assert good.news == [f"broken: {health.trouble}"]


def test_trouble_with_an_event_is_over_after_a_while(
    source: Source, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.sinks.isolated._SHOWN_S", 0.3)
    good, broken = Remembering(), Broken(ZeroDivisionError("of all things"))
    summary = run(ReplaySensor(source, 20.0), pipeline, [good, broken])
    assert good.news[-1] == "broken: works again; 1 events missed so far"
    assert [(s.name, s.missed, s.trouble) for s in summary.sinks][1] == ("broken", 1, None)


def test_a_sink_that_cannot_start_takes_nothing_and_is_closed(
    source: Source, pipeline: Pipeline
) -> None:
    class Unable(Broken):
        def start(self, session: Session) -> None:
            raise ZeroDivisionError("at once")

    good, unable = Remembering(), Unable(OSError())
    summary = run(ReplaySensor(source, None), pipeline, [good, unable], lossless=True)
    assert summary.sinks[1].trouble == "stopped: ZeroDivisionError: at once"
    assert (unable.count, unable.closed) == (0, True)


def test_trouble_of_a_sink_is_told_before_any_prediction(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Samples come without a pause, and never enough for a window."""

    class Troubled(Sink):
        name = "troubled"
        trouble = "nobody is there"

    class Listening(Remembering):
        def status(self, status: Status) -> None:
            super().status(status)
            self.seen.append(("status", time.monotonic()))

    samples = Samples(np.arange(400) / 50.0, 3 + np.sin(np.arange(400) / 90))
    source, good = Source(tmp_path, "x", 50.0, lambda: in_blocks(samples, 5)), Listening()
    summary = run(ReplaySensor(source, 10.0), pipeline, [Troubled(), good])
    assert summary.windows == 0
    assert good.news == ["troubled: nobody is there"]
    assert [kind for kind, _ in good.seen[:3]].count("status") == 1


def test_a_sensor_slower_than_the_model_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    samples = Samples(np.arange(100) / 4.0, 2 + np.sin(np.arange(100) / 9))
    source = Source(tmp_path, "E4", 4.0, lambda: in_blocks(samples))
    good = Remembering()
    summary = run(ReplaySensor(source, None), pipeline, [good], lossless=True)
    assert good.news[0].startswith("the sensor's 4 Hz are below the model's 8 Hz")
    assert summary.windows == 13
    slower = Source(tmp_path, "thermometer", 0.5, lambda: in_blocks(samples))
    with pytest.raises(ContractError, match=r"0.5 samples a second; .* wants 8 Hz"):
        run(ReplaySensor(slower, None), pipeline, [Remembering()])


def test_markers_reach_all_sinks_in_the_samples_time(source: Source, pipeline: Pipeline) -> None:
    first, second = Remembering(), Remembering()

    def press() -> None:
        session = until(lambda: first.session)
        until(lambda: len(first.seen) > 20)
        session.mark("loud")

    presser = threading.Thread(target=press)
    presser.start()
    run(ReplaySensor(source, 20.0), pipeline, [first, second])
    presser.join()
    assert [m.text for m in first.marks] == ["loud"] == [m.text for m in second.marks]
    assert 0 < first.marks[0].time_s < 40


def test_a_reader_that_leaves_ends_the_run(tmp_path: Path, tiny_model: Path) -> None:
    table = write_table(tmp_path)
    command = [*LIVE, "--port", f"replay:{table}", "--speed", "4", "--model", str(tiny_model)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as live:
        assert live.stdout is not None and live.stderr is not None
        live.stdout.readline()
        live.stdout.close()
        assert live.wait(timeout=20) == 0
        error = live.stderr.read()
    assert "nobody reads its output any more" in error and "Traceback" not in error


def test_a_reader_that_does_not_read_stops_nothing(tmp_path: Path, tiny_model: Path) -> None:
    """A pipe that nobody empties: the recording beside it goes on and the run ends."""
    table = write_table(tmp_path)
    readable, writable = os.pipe()
    # Fill it, so that the first line already waits.
    os.set_blocking(writable, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writable, b"x" * 4096)
    os.set_blocking(writable, True)
    root = tmp_path / "rec"
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{table}", "--speed", "20", "--model", str(tiny_model),
         "--record", str(root), "--duration", "6"],
        stdout=writable, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(readable)
    os.close(writable)
    assert done.returncode == 0, done.stderr
    assert "jsonl" in done.stderr and "left behind" in done.stderr
    assert len(list((root / "sub-01" / "beh").glob("*_predictions.tsv"))) == 1


def test_lines_are_written_whole(tmp_path: Path, pipeline: Pipeline, source: Source) -> None:
    path = tmp_path / "lines"
    with path.open("wb") as file:
        sink = JsonLines(Descriptor(file.fileno()))
        run(ReplaySensor(source, None), pipeline, [sink], lossless=True)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [events[0]["type"], events[-1]["type"]] == ["start", "summary"]
    prediction = next(event for event in events if event["type"] == "prediction")
    assert set(prediction["arousal"]) == {
        "label", "probability_high", "state", "smoothed", "change", "trigger",
    }  # fmt: skip
