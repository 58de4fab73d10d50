"""Recordings whose folder others have changed, or whose disk was full when it was made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from device.errors import RecordingError
from runtime.recording.command import main
from runtime.recording.finish import finish
from runtime.recording.journal import Journal
from runtime.recording.layout import Run, new_run
from runtime.recording.load import load
from runtime.replay.find import find

HEADER = {
    "began": "2026-01-01T00:00:00.000+00:00",
    "sensor": {"name": "x", "port": "y", "rate_hz": None, "details": ""},
    "model": "m.onnx",
    "model_sha256": "",
    "contract": {"targets": []},
}
COLUMNS = "onset\tduration\ttrial_type\tvalue\n"


def recorded(root: Path, *, times_s: tuple[float, ...] = (0.0, 0.25)) -> Run:
    run = new_run(root)
    journal = Journal(run.journal)
    journal.write("header", HEADER)
    journal.write("samples", {"time_s": list(times_s), "eda_us": [5.5] * len(times_s)})
    journal.write("marker", {"time_s": times_s[0], "text": "a door"})
    finish(run, journal.hand_over())
    return run


@pytest.mark.parametrize(
    ("table", "markers"),
    [
        (f"\ufeff{COLUMNS}1.5\t0\tmarker\tmine\r\n\r\n", [(1.5, "mine")]),
        ("value\tonset\ttrial_type\twho\nmine\t1.5\tmarker\tme\n", [(1.5, "mine")]),
        (f"{COLUMNS}n/a\tn/a\tmarker\tsomewhere\n2\t0\tcough\tx\n", []),
    ],
)
def test_a_table_of_events_that_was_edited(
    table: str, markers: list[tuple[float, str]], tmp_path: Path
) -> None:
    recorded(tmp_path).events.write_text(table, encoding="utf-8", newline="")
    assert list(find(tmp_path).markers) == markers


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (b"onset\tduration\n1\t0\n", 1),
        (COLUMNS.encode() + b"1\t0\tmarker\n", 2),
        (COLUMNS.encode() + b"soon\t0\tmarker\tx\n", 2),
        (COLUMNS.encode() + b"1\t0\tmarker\t\xff\n", 1),
        (b"", 1),
    ],
)
def test_a_table_of_events_that_is_damaged_is_named(
    table: bytes, line: int, tmp_path: Path
) -> None:
    recorded(tmp_path).events.write_bytes(table)
    with pytest.raises(RecordingError, match=rf"events\.tsv, line {line}: .* take it away"):
        find(tmp_path)


def test_predictions_that_are_gone_are_named(tmp_path: Path) -> None:
    recorded(tmp_path).predictions.unlink()
    with pytest.raises(RecordingError, match=r"predictions\.tsv cannot be read"):
        list(load(tmp_path).prediction_rows())


@pytest.mark.parametrize("text", ["[]", "{}", '{"RTCAN": 5}', '{"RTCAN": {"sensor": {}}}'])
def test_a_description_of_something_else_is_named(text: str, tmp_path: Path) -> None:
    recorded(tmp_path).physio_json.write_text(text)
    with pytest.raises(RecordingError, match="is not what rtcan-live writes"):
        load(tmp_path)


@pytest.mark.parametrize("times_s", [(1.0,), (1.0, 1.0)])
def test_a_run_in_which_no_time_passed_is_finished(
    times_s: tuple[float, ...], tmp_path: Path
) -> None:
    run = recorded(tmp_path, times_s=times_s)
    assert run.finished
    assert json.loads(run.physio_json.read_text())["SamplingFrequency"] == 0


def test_a_run_whose_samples_are_gone_is_not_whole(tmp_path: Path) -> None:
    recorded(tmp_path).physio.unlink()
    result = CliRunner().invoke(main, ["repair", str(tmp_path)])
    assert result.exit_code == 1
    assert "whole" not in result.output
    assert "run 1: neither samples nor a journal" in result.output


def test_lines_of_others_stay_in_bidsignore(tmp_path: Path) -> None:
    ignored = tmp_path / ".bidsignore"
    ignored.write_bytes(b"caf\xe9/")
    for _ in range(2):
        new_run(tmp_path)
    assert ignored.read_bytes().startswith(b"caf\xe9/\n*_journal.jsonl\n")
    assert ignored.read_bytes().count(b"*.part\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_full_disk_leaves_no_half_files_about_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".bidsignore").write_text("mine\n" * 20)
    code = (
        "import resource, sys, pathlib\nfrom runtime.recording.layout import new_run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))\nnew_run(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "RecordingError: Nothing can be recorded" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [".bidsignore"]
    assert (tmp_path / ".bidsignore").read_text() == "mine\n" * 20
    new_run(tmp_path)
    assert json.loads((tmp_path / "dataset_description.json").read_text())["BIDSVersion"]
