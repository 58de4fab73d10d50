import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import RecordingError
from device.sources.replay import ReplaySensor
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.finish import Progress, finish
from runtime.recording.journal import Journal, Torn, numbers
from runtime.recording.layout import Run, new_run, runs
from runtime.recording.load import load
from runtime.recording.lock import JournalLock
from runtime.recording.recorder import Recorder
from runtime.recording.verify import verify
from runtime.replay.find import find
from runtime.session.loop import run
from runtime.sinks.sink import Sink

LIVE = [sys.executable, "-m", "runtime.live"]
RECORD = [sys.executable, "-m", "runtime.recording.command"]


@pytest.fixture(scope="module")
def recorded(table: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished recording of it."""
    root = tmp_path_factory.mktemp("recorded") / "rec"
    sensor = ReplaySensor(find(table), None)
    run(sensor, Pipeline(Classifier(tiny_model)), [Recorder(root)], lossless=True)
    return root


def test_the_files_are_what_bids_wants(recorded: Path, table: Path) -> None:
    only = runs(recorded)
    assert [r.number for r in only] == [1] and only[0].finished
    folder = recorded / "sub-01" / "beh"
    names = sorted(file.name for file in folder.iterdir())
    stem = "sub-01_task-live_run-01_"
    assert names == [
        stem + ending
        for ending in (
            "events.json",
            "events.tsv",
            "predictions.json",
            "predictions.tsv",
            "recording-eda_physio.json",
            "recording-eda_physio.tsv.gz",
        )
    ]
    assert json.loads((recorded / "dataset_description.json").read_text())["BIDSVersion"]
    physio = json.loads(only[0].physio_json.read_text())
    assert physio["Columns"] == ["time", "eda"]
    assert physio["eda"]["Units"] == "uS"
    assert physio["SamplingFrequency"] == pytest.approx(19.0)
    assert physio["RTCAN"]["contract"]["trained_on"] == "nothing: random weights"
    assert physio["RTCAN"]["versions"]["numpy"] == np.__version__
    # No header, and exactly the numbers of the table.
    lines = gzip.decompress(only[0].physio.read_bytes()).decode().splitlines()
    assert [line.replace("\t", ",") for line in lines] == table.read_text().splitlines()[1:]
    # A second recording is a second run, and nothing of the first is touched.
    assert new_run(recorded).number == 2


def test_a_replay_predicts_the_same_bits(recorded: Path, tiny_model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    first, second = (
        subprocess.run(
            [*LIVE, "--port", f"replay:{path}", "--speed", "max", "--output", "jsonl",
             "--model", str(tiny_model), *more],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for path, more in ((recorded, ["--record", str(again)]), (again, []))
    )  # fmt: skip
    predictions = [json.loads(line) for line in first if '"prediction"' in line]
    assert [p["time_s"] for p in predictions] == [12.0 + k for k in range(18)]
    for old, new in zip(first, second, strict=True):
        if '"prediction"' in old:
            assert _timeless(old) == _timeless(new)
    # The files hold every bit, and only the last two columns are times.
    rows = [list(load(root).prediction_rows()) for root in (recorded, again)]
    assert [row[:-2] for row in rows[0]] == [row[:-2] for row in rows[1]]
    assert len(rows[0]) == 18
    assert verify(load(again), Classifier(tiny_model)).differing == ()


def _timeless(line: str) -> dict[str, Any]:
    return {k: v for k, v in json.loads(line).items() if not k.endswith("_ms")}


def test_verify_sees_one_bit(recorded: Path, tiny_model: Path) -> None:
    one = load(recorded)
    assert verify(one, Classifier(tiny_model)).windows == 18
    text = one.run.predictions.read_text()
    row = text.splitlines()[5].split("\t")
    changed = repr(float(np.nextafter(float(row[4]), 1.0)))
    try:
        one.run.predictions.write_text(text.replace(row[4], changed))
        verdict = verify(one, Classifier(tiny_model))
        assert len(verdict.differing) == 1
        assert f"window 4, arousal_probability_high: recorded {changed}" in verdict.differing[0]
        done = subprocess.run(
            [*RECORD, "verify", str(recorded), "--model", str(tiny_model)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1 and "Not equal" in done.stderr
    finally:
        one.run.predictions.write_text(text)


def test_verify_says_how_many_windows_have_no_answer(recorded: Path, tiny_model: Path) -> None:
    one = load(recorded)
    text = one.run.predictions.read_text()
    lines = text.splitlines(keepends=True)
    try:
        one.run.predictions.write_text("".join(lines[:-4]))
        verdict = verify(one, Classifier(tiny_model))
        assert (verdict.windows, verdict.differing, verdict.unanswered) == (14, (), 4)
        done = subprocess.run(
            [*RECORD, "verify", str(recorded), "--model", str(tiny_model)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "14 windows, equal to the last bit; 4 more have no recorded answer" in done.stdout
        one.run.predictions.write_text("".join(lines[:-1]) + "\t".join(lines[-1].split()[:4]))
        assert verify(one, Classifier(tiny_model)).differing == ("window 17: 4 cells, not 22",)
    finally:
        one.run.predictions.write_text(text)


def test_the_files_of_a_long_run_are_waited_for(
    table: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(one: Run, lock: JournalLock, progress: Progress) -> Torn:
        time.sleep(1.5)
        return finish(one, lock, progress)

    monkeypatch.setattr(Sink, "farewell_s", 0.5)

    monkeypatch.setattr("runtime.recording.recorder.finish", slowly)
    sensor = ReplaySensor(find(table), None)
    summary = run(sensor, Pipeline(Classifier(tiny_model)), [Recorder(tmp_path)], lossless=True)
    assert summary.sinks[0].trouble is None
    assert runs(tmp_path)[0].finished


class Failing(Sink):
    """A sink that cannot have what it needs."""

    name = "failing"

    def prepare(self) -> None:
        raise RecordingError("no room")


def test_what_was_claimed_is_let_go(table: Path, tiny_model: Path, tmp_path: Path) -> None:
    sinks = [Recorder(tmp_path / "rec"), Failing()]
    with pytest.raises(RecordingError, match="no room"):
        run(ReplaySensor(find(table), None), Pipeline(Classifier(tiny_model)), sinks)
    assert runs(tmp_path / "rec") == []


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(allow_infinity=False, width=64), min_size=1, max_size=20))
def test_numbers_come_back_with_the_same_bits(
    values: list[float], tmp_path_factory: pytest.TempPathFactory, tiny_contract: Any
) -> None:
    root = tmp_path_factory.mktemp("bits")
    one = new_run(root)
    book = Journal(one.journal)
    eda_us = np.array(values)
    sensor = {"name": "x", "port": "y", "rate_hz": None, "details": ""}
    book.write("header", {"contract": {"targets": []}, "sensor": sensor})
    time_s = np.arange(eda_us.size) / 7.0
    book.write("samples", {"time_s": time_s.tolist(), "eda_us": numbers(eda_us)})
    book.close()
    before = [block.eda_us for block in load(root).blocks()]
    finish(one)
    after = list(load(root).blocks())
    known = eda_us.copy()
    known[np.isnan(known)] = np.nan
    for found in (before[0], after[0].eda_us):
        np.testing.assert_array_equal(found.view(np.uint64), known.view(np.uint64))
    np.testing.assert_array_equal(after[0].time_s, time_s)


def test_no_text_and_no_number_ends_a_journal(tmp_path: Path) -> None:
    one = new_run(tmp_path)
    book = Journal(one.journal)
    sensor = {"name": "half \ud83d", "port": "y", "rate_hz": None, "details": ""}
    book.write("header", {"contract": {"targets": []}, "sensor": sensor})
    book.write("marker", {"time_s": float("nan"), "text": "cut \ud83d"})
    book.close()
    finish(one)
    assert "n/a\t0\tmarker\tcut \ufffd" in one.events.read_text(encoding="utf-8")
