"""Recordings that were cut off: killed, torn, out of disk, and what is left of them."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.finish import finish
from runtime.recording.journal import Torn, encode, read
from runtime.recording.layout import Run, runs
from runtime.recording.load import load
from runtime.recording.recorder import Recorder
from runtime.recording.verify import verify
from runtime.replay.find import find
from runtime.sinks.events import Marker, Session, Status

LIVE = [sys.executable, "-m", "runtime.live"]
RECORD = [sys.executable, "-m", "runtime.recording.command"]


@pytest.fixture
def journal(tiny_model: Path, tmp_path: Path) -> Callable[[], Run]:
    """Return a maker of runs that were cut off before their end."""

    def make() -> Run:
        recorder = Recorder(tmp_path / "rec")
        recorder.prepare()
        pipeline = Pipeline(Classifier(tiny_model))
        info = SensorInfo("Grove", "/dev/ttyUSB7", 19.0)
        recorder.start(Session(info, "best.onnx", pipeline.contract))
        samples = simulate(Person(), 20, 19.0, arousal=lambda _: 0.8, seed=4)
        for k in range(0, len(samples), 7):
            piece = Samples(samples.time_s[k : k + 7], samples.eda_us[k : k + 7])
            recorder.samples(piece, 0.0)
            for prediction in pipeline.push(piece):
                recorder.prediction(prediction)
        recorder.marker(Marker(3.25, "a loud\tnoise\n"))
        recorder.status(Status("silent", "nothing comes"))
        recorder._journal.close()  # type: ignore[union-attr]
        return runs(tmp_path / "rec")[-1]

    return make


def test_kill_9_loses_at_most_a_second(tiny_model: Path, tmp_path: Path) -> None:
    link, root = tmp_path / "gsr", tmp_path / "rec"
    speed = 8
    with subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--link", str(link),
         "--speed", str(speed)],
        stdout=subprocess.PIPE, text=True,
    ) as sensor:  # fmt: skip
        assert sensor.stdout is not None
        sensor.stdout.readline()
        with subprocess.Popen(
            [*LIVE, "--port", str(link), "--sensor", "grove", "--rate", "19", "--output", "jsonl",
             "--model", str(tiny_model), "--record", str(root)],
            stdout=subprocess.PIPE, text=True,
        ) as live:  # fmt: skip
            assert live.stdout is not None
            seen = []
            while len(seen) < 12:
                event = json.loads(live.stdout.readline())
                if event["type"] == "prediction":
                    seen.append(event)
            live.send_signal(signal.SIGKILL)
            live.stdout.read()
        sensor.terminate()
    assert live.returncode == -signal.SIGKILL
    cut_off = load(root)
    assert not cut_off.run.finished
    blocks = list(cut_off.blocks())
    # The newest prediction that was seen came from samples up to 3/8 s after its window.
    assert blocks[-1].time_s[-1] >= seen[-1]["time_s"] + 0.375 - 1.0 * speed
    # The counts n are there beside what was made of them: R = (1024 + 2 n) 10 kOhm / (512 - n).
    first = next(event for event in read(cut_off.run.journal) if event["kind"] == "samples")
    count = np.array(first["raw"])
    ohm = (1024 + 2 * count) * 1e4 / (512 - count)
    np.testing.assert_allclose(1e6 / ohm, first["eda_us"], rtol=1e-12)
    # It can be replayed as it lies, and repaired, and both give the predictions that were seen.
    assert verify(cut_off, Classifier(tiny_model)).differing == ()
    done = subprocess.run(
        [*RECORD, "repair", str(root)], capture_output=True, text=True, check=True
    )
    assert "run 1: finished" in done.stdout
    repaired = load(root)
    assert repaired.run.finished
    np.testing.assert_array_equal(
        np.concatenate([b.time_s for b in repaired.blocks()]),
        np.concatenate([b.time_s for b in blocks]),
    )
    whole = next(repaired.blocks())
    assert whole.raw is not None
    np.testing.assert_array_equal(whole.raw[: count.size], count)
    physio = json.loads(repaired.run.physio_json.read_text())
    assert physio["Columns"] == ["time", "eda", "raw"]
    rows = list(repaired.prediction_rows())
    for event, row in zip(seen, rows, strict=False):
        assert float(row[4]) == pytest.approx(event["arousal"]["probability_high"], abs=5e-7)
    assert len(rows) >= len(seen) - speed
    again = subprocess.run(
        [*RECORD, "repair", str(root)], capture_output=True, text=True, check=True
    )
    assert "run 1: whole" in again.stdout


def test_a_tail_torn_anywhere_is_left_out(journal: Callable[[], Run]) -> None:
    one = journal()
    whole = one.journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    last = len(lines[-1]) + len(lines[-2])
    for cut in range(1, last):
        one.journal.write_bytes(whole[:-cut])
        torn = Torn()
        events = list(read(one.journal, torn))
        kept = b"".join(encode(event) for event in events)
        assert whole.startswith(kept)
        assert len(events) == len(lines) - (1 if cut <= len(lines[-1]) else 2)
        assert torn.bytes == len(whole) - cut - len(kept)
    # A damaged byte in the middle ends it there.
    damaged = bytearray(whole)
    damaged[len(lines[0]) + len(lines[1]) + 20] ^= 1
    one.journal.write_bytes(damaged)
    torn = Torn()
    assert len(list(read(one.journal, torn))) == 2
    assert torn.line == 3


def test_finishing_can_be_cut_off_and_done_again(journal: Callable[[], Run]) -> None:
    one = journal()
    kept = one.journal.read_bytes()
    assert finish(one).bytes == 0
    first = {f: f.read_bytes() for f in one.physio.parent.iterdir()}
    # As if it had been killed before the journal was removed, with half a file lying about.
    one.journal.write_bytes(kept)
    one.predictions.write_text("half")
    one.physio.unlink()
    finish(one)
    assert {f: f.read_bytes() for f in one.physio.parent.iterdir()} == first
    events = one.events.read_text().splitlines()
    assert events[1] == "3.25\t0\tmarker\ta loud noise"
    assert events[2].endswith("silent\tnothing comes")


def test_a_run_without_a_beginning_hides_no_other(journal: Callable[[], Run]) -> None:
    for number in (1, 2, 3):
        assert journal().number == number
    root = journal().root
    Run(root, 2).journal.write_bytes(b"")
    shown = subprocess.run(
        [*RECORD, "list", str(root)], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0
    assert [line[:6] for line in shown.stdout.splitlines()] == ["run 1:", "run 3:", "run 4:"]
    assert "run 2: " in shown.stderr and "does not begin with a header" in shown.stderr
    done = subprocess.run(
        [*RECORD, "repair", str(root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.count("finished") == 3 and "It can be deleted" in done.stderr


def test_the_journal_goes_when_all_else_is_on_the_disk(
    journal: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = journal()
    safe = set()
    sync = os.fsync

    def noted(number: int) -> None:
        sync(number)
        assert one.journal.exists()
        safe.add(os.fstat(number).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    finish(one)
    folder = one.physio.parent
    assert {path.stat().st_ino for path in [folder, *folder.iterdir()]} <= safe


def test_a_full_disk_ends_the_recording_and_nothing_else(
    table: Path, tiny_model: Path, tmp_path: Path
) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    root = tmp_path / "rec"
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{table}", "--speed", "5", "--output", "jsonl",
         "--model", str(tiny_model), "--record", str(root)],
        capture_output=True, text=True, preexec_fn=small_files,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(event["type"] == "prediction" for event in events) == 18
    news = [event["text"] for event in events if event["type"] == "status"]
    assert len(news) == 1 and "recording ended" in news[0] and "rtcan-record repair" in news[0]
    sinks = {sink["name"]: sink for sink in events[-1]["sinks"]}
    assert sinks["recording"]["missed"] > 0 and sinks["jsonl"]["missed"] == 0
    assert "recording: " in done.stderr and "events missed" in done.stderr
    # What was recorded until then is whole, and its files were made at the end of the run.
    assert runs(root)[0].finished
    kept = np.concatenate([block.eda_us for block in load(root).blocks()])
    everything = np.concatenate([block.eda_us for block in find(table).blocks()])
    assert 50 < kept.size < everything.size
    np.testing.assert_array_equal(kept, everything[: kept.size])


def test_a_folder_that_cannot_be_written_is_named(
    table: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{table}", "--model", str(tiny_model),
         "--record", str(tmp_path / "file" / "rec")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Nothing can be recorded in" in done.stderr and "--record" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_sensor_that_cannot_be_opened_leaves_no_run(tiny_model: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*LIVE, "--port", "/dev/there-is-none", "--model", str(tiny_model),
         "--record", str(tmp_path / "rec")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert runs(tmp_path / "rec") == []
