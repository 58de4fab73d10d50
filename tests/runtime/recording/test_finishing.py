"""The end of a run: a sink that failed is still closed, and nobody must wait for the files."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from device.errors import RecordingError
from device.samples import Samples
from device.sources.replay import ReplaySensor
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.finish import finish
from runtime.recording.journal import Journal
from runtime.recording.layout import Run, new_run, runs
from runtime.recording.load import load
from runtime.recording.recorder import Recorder
from runtime.replay.find import find
from runtime.session.loop import run
from runtime.sinks.events import Summary
from runtime.sinks.sink import Sink
from tests.runtime.live_parts import LIVE, until

RECORD = [sys.executable, "-m", "runtime.recording.command"]


def long_journal(root: Path, lines: int) -> Run:
    """A run of lines with fifty samples each that was cut off."""
    one = new_run(root)
    journal = Journal(one.journal)
    sensor = {"name": "x", "port": "y", "rate_hz": 1000.0, "details": ""}
    journal.write("header", {"contract": {"targets": []}, "sensor": sensor})
    for k in range(lines):
        time_s = [(50 * k + i) / 1000 for i in range(50)]
        journal.write("samples", {"time_s": time_s, "eda_us": [5.123456789] * 50})
    journal.close()
    return one


class Clumsy(Recorder):
    """A recorder that fails in the middle of a run."""

    def samples(self, samples: Samples, fill_s: float) -> None:
        if samples.time_s[0] > 10:
            raise RecordingError("a mistake")
        super().samples(samples, fill_s)


class Hopeless(Sink):
    """A sink that fails, and again when it is closed."""

    name = "hopeless"

    def samples(self, samples: Samples, fill_s: float) -> None:
        raise OSError(5, "a mistake")

    def close(self, summary: Summary) -> None:
        raise OSError(5, "cannot even end")


def test_a_sink_that_failed_is_still_closed(table: Path, tiny_model: Path, tmp_path: Path) -> None:
    sinks = [Clumsy(tmp_path), Hopeless(), Sink()]
    sensor = ReplaySensor(find(table), 30.0)
    health = run(sensor, Pipeline(Classifier(tiny_model)), sinks).sinks
    assert "a mistake" in str(health[0].trouble) and health[0].missed > 0
    assert runs(tmp_path)[0].finished
    assert 5 < max(block.time_s[-1] for block in load(tmp_path).blocks()) < 29
    assert "a mistake" in str(health[1].trouble) and health[2].trouble is None


def test_finishing_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.recording.finish._TELL_S", 0.0)
    told: list[float] = []
    finish(long_journal(tmp_path, 100), progress=told.append)
    assert len(told) == 101 and told == sorted(told)
    assert 0 < told[0] < 0.05 and told[-1] == 1.0


def test_finishing_that_is_stopped_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    one = long_journal(tmp_path, 100)
    before = one.journal.read_bytes()

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(one, progress=stop)
    assert [file.name for file in one.journal.parent.iterdir()] == [one.journal.name]
    assert one.journal.read_bytes() == before and not one.in_use
    finish(one)
    assert one.finished


def test_a_second_ctrl_c_leaves_the_files_for_later(
    table: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """The journal is made long behind the recorder's back: its files then take half a minute."""
    root = tmp_path / "rec"
    with subprocess.Popen(
        [*LIVE, "--port", f"replay:{table}", "--speed", "1", "--output", "none",
         "--model", str(tiny_model), "--record", str(root)],
        text=True, stderr=subprocess.PIPE,
    ) as live:  # fmt: skip
        assert live.stderr is not None
        until(lambda: [one for one in runs(root) if one.journal.stat().st_size > 5000])
        one = runs(root)[0]
        line = long_journal(tmp_path / "other", 1).journal.read_bytes().splitlines(keepends=True)[1]
        with one.journal.open("ab") as file:
            for _ in range(100):
                file.write(line * 400)
        live.send_signal(signal.SIGINT)
        said = next(line for line in live.stderr if "Finishing" in line)
        assert "Finishing recording" in said and "Ctrl-C" in said
        live.send_signal(signal.SIGINT)
        assert live.wait(15) == 0
        said = live.stderr.read()
        assert f"finish it with: rtcan-record repair {root}" in said
    assert one.journal.is_file() and not one.physio.exists()
    done = subprocess.run([*RECORD, "repair", str(root)], capture_output=True, text=True)
    assert "run 1: finished" in done.stdout


def test_a_sink_that_gets_on_is_waited_for(table: Path, tiny_model: Path) -> None:
    class Slow(Sink):
        name = "slow"
        farewell_s = 0.5
        closed = False

        def close(self, summary: Summary) -> None:
            for step in range(8):
                threading.Event().wait(0.2)
                self.progress = step / 8
            self.closed = True

    slow, told = Slow(), []
    sensor = ReplaySensor(find(table), None)
    pipeline = Pipeline(Classifier(tiny_model))
    run(sensor, pipeline, [slow], waiting=lambda name, progress: told.append((name, progress)))
    assert slow.closed
    assert ("slow", None) in told and ("slow", 0.5) in told
