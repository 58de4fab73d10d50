"""Runs that give no window, and what latency means where nobody waits."""

import json
import subprocess
import sys
from pathlib import Path

from device.sources.replay import ReplaySensor
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.recorder import Recorder
from runtime.replay.find import find
from runtime.session.loop import run
from tests.runtime.live_parts import LIVE, write_table

RECORD = [sys.executable, "-m", "runtime.recording.command"]


def test_a_recording_that_is_too_short_says_how_long_it_must_be(
    tmp_path: Path, tiny_model: Path
) -> None:
    path = tmp_path / "short.csv"
    path.write_text("".join(write_table(tmp_path).read_text().splitlines(keepends=True)[:153]))
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{path}", "--speed", "max", "--output", "jsonl",
         "--model", str(tiny_model), "--record", str(tmp_path / "rec")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "152 samples over 7.9 s completed no window" in done.stderr
    assert "The model needs 12 s without a long pause (2 s of context and a window of 10 s)" in (
        done.stderr.replace("\n", " ")
    )
    assert json.loads(done.stdout.splitlines()[-1])["signal_s"] == 151 / 19
    verified = subprocess.run(
        [*RECORD, "verify", str(tmp_path / "rec"), "--model", str(tiny_model)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 1 and "no window to compare" in verified.stderr


def test_a_run_that_is_ended_early_is_no_failure(tmp_path: Path, tiny_model: Path) -> None:
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{write_table(tmp_path)}", "--output", "none",
         "--model", str(tiny_model), "--duration", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "completed no window" in done.stderr


def test_what_waits_in_a_file_is_not_late(table: Path, tiny_model: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(Classifier(tiny_model))
    sensor = ReplaySensor(find(table), None)
    summary = run(sensor, pipeline, [Recorder(tmp_path)], lossless=True)
    assert summary.windows == 18
    assert summary.latency_ms is None and summary.compute_ms is not None
    slow = run(ReplaySensor(find(table), 20.0), Pipeline(pipeline.classifier), [])
    assert slow.latency_ms is not None
