"""Any recording as BIDS, read back the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from device.errors import RecordingError
from device.readers.registry import open_recording
from runtime.replay.convert import convert, main

E4 = "1644227574.000000\n4.000000\n0.000000\n0.120499\n0.148685\n0.15\n"


def session(folder: Path) -> Path:
    folder.mkdir()
    (folder / "EDA.csv").write_text(E4)
    (folder / "tags.csv").write_text("1644227574.5\n")
    return folder


def test_a_recording_is_written_as_bids_and_read_back_to_the_bit(tmp_path: Path) -> None:
    source = open_recording(session(tmp_path / "e4"))
    path = convert(source, tmp_path / "out", subject="07", task="rest")
    assert path.name == "sub-07_task-rest_recording-eda_physio.tsv.gz"
    again = open_recording(path)
    assert again.rate_hz == 4.0
    (before,), (after,) = source.blocks(), again.blocks()
    np.testing.assert_array_equal(after.time_s, before.time_s)
    np.testing.assert_array_equal(after.eda_us, before.eda_us)
    events = (path.parent / "sub-07_task-rest_events.tsv").read_text().splitlines()
    assert events == ["onset\tduration\ttrial_type\tvalue", "0.5\t0\tmarker\ttag 1"]
    told = json.loads((path.parent / path.name.replace(".tsv.gz", ".json")).read_text())
    assert told["UnixTimeZero"] == 1644227574.0 and told["eda"]["Units"] == "uS"
    assert (tmp_path / "out" / "dataset_description.json").is_file()


def test_nothing_is_overwritten_and_labels_are_checked(tmp_path: Path) -> None:
    source = open_recording(session(tmp_path / "e4"))
    path = convert(source, tmp_path / "out")
    bytes_before = path.read_bytes()
    with pytest.raises(RecordingError, match="there already"):
        convert(source, tmp_path / "out")
    assert path.read_bytes() == bytes_before
    with pytest.raises(RecordingError, match="no BIDS label"):
        convert(source, tmp_path / "out", subject="no 7")


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("A,B\n1.5,9\n1.6,9\n")
    arguments = [str(table), str(tmp_path / "out"), "--rate", "10", "--column", "A"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0 and "_physio.tsv.gz" in done.output
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code != 0 and "there already" in again.output
