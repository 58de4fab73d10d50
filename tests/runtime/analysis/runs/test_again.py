"""`rtcan analyse` into a folder that has results: what is kept, what is done anew or refused."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from device.errors import RecordingError
from runtime.analysis.measures.settings import Settings
from runtime.analysis.runs import folder, one
from runtime.analysis.runs.task import Batch
from tests.runtime.analysis.runs.calls import analyse, rows, write
from tests.runtime.analysis.skin import known


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write(data / "a.csv")
    write(data / "b.csv")
    # The run dies in the second recording.
    whole = one.analyse

    def dies(source: object, **options: object) -> object:
        if options["name"] == "b.csv":
            raise KeyboardInterrupt
        return whole(source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(one, "analyse", dies)
    assert analyse(data, "--out", out).exit_code != 0
    assert "a_report.html" in (out / "index.html").read_text(encoding="utf-8")
    done: list[object] = []

    def counted(source: object, **options: object) -> object:
        done.append(options["name"])
        return whole(source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(one, "analyse", counted)
    result = analyse(data, "--out", out)
    assert result.exit_code == 0 and done == ["b.csv"] and "1 of them earlier" in result.output
    assert analyse(data, "--out", out).exit_code == 0 and done == ["b.csv"]
    # A file that changed is done anew, and so is one whose last file is missing.
    write(data / "a.csv", 10.0)
    (out / "sub-b" / "beh" / "sub-b_scr.json").unlink()
    assert analyse(data, "--out", out).exit_code == 0 and done == ["b.csv", "a.csv", "b.csv"]


def test_a_folder_of_another_run_is_not_mixed_with(tmp_path: Path) -> None:
    out, path = tmp_path / "out", write(tmp_path / "p1.csv")
    analyse(path, "--out", out)
    result = analyse(path, "--out", out, "--window", 30)
    assert result.exit_code == 1
    assert "holds another run: window_s was 60.0 and is 30.0" in result.output
    assert analyse(path, "--out", out, "--window", 30, "--overwrite").exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("x", encoding="utf-8")
    result = analyse(path, "--out", other)
    assert result.exit_code == 1 and "not of rtcan analyse" in result.output
    assert [item.name for item in other.iterdir()] == ["thesis.tex"]
    (other / folder.DESCRIPTION).write_text('{"GeneratedBy": ["by hand"]}', encoding="utf-8")
    assert "not of rtcan analyse" in analyse(path, "--out", other).output


def test_a_recording_that_grew_while_it_was_analysed_is_done_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = write(tmp_path / "a.csv"), tmp_path / "out"
    whole = one.analyse

    def meanwhile(source: object, **options: object) -> object:
        found = whole(source, **options)  # type: ignore[arg-type]
        with path.open("a", encoding="utf-8") as file:
            file.write("1000,5\n")
        return found

    monkeypatch.setattr(one, "analyse", meanwhile)
    assert analyse(path, "--out", out).exit_code == 0
    monkeypatch.setattr(one, "analyse", whole)
    assert "of them earlier" not in analyse(path, "--out", out).output
    assert "1 of them earlier" in analyse(path, "--out", out).output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks on folders")
def test_two_runs_that_begin_at_once_are_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    write_whole = folder.write_whole

    def begin() -> None:
        try:
            folder.claim(Batch(tmp_path / "out", Settings(window_s=30.0)))
        except RecordingError as error:
            refused.append(error)

    other = threading.Thread(target=begin)

    def meanwhile(path: Path, data: bytes) -> None:
        if other.ident is None:
            other.start()
            other.join(0.5)
        write_whole(path, data)

    monkeypatch.setattr(folder, "write_whole", meanwhile)
    folder.claim(Batch(tmp_path / "out", Settings()))
    other.join()
    assert len(refused) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process that is killed is a fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("renames", [0, 1, 4, 6])
def test_what_a_killed_run_left_is_not_taken_for_an_earlier_runs(
    tmp_path: Path, renames: int
) -> None:
    path, out = write(tmp_path / "a.csv"), tmp_path / "out"
    assert analyse(path, "--out", out).exit_code == 0
    child = os.fork()
    if child == 0:
        left = renames

        def count(name: str, args: tuple[object, ...]) -> None:
            nonlocal left
            if name == "os.rename" and "beh" in str(args[1]):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        analyse(path, "--out", out, "--window", 30, "--overwrite")
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert analyse(path, "--out", out, "--overwrite").exit_code == 0
    folder = out / "sub-a" / "beh"
    durations = {row["duration"] for row in rows(folder / "sub-a_features.tsv")}
    told = json.loads((folder / "sub-a_features.json").read_text(encoding="utf-8"))
    assert durations == {"60"} and told["Settings"]["window_s"] == 60


def test_a_run_killed_as_it_began_is_begun_again(tmp_path: Path) -> None:
    """What it left is a draft of the folder's description, under a name that begins with a dot."""
    out = tmp_path / "out"
    out.mkdir()
    (out / ".dataset_description.json.draft").write_bytes(b"")
    result = analyse(write(tmp_path / "p1.csv"), "--out", out)
    assert result.exit_code == 0, result.output


def test_a_rate_that_changed_beside_a_recording_is_seen(tmp_path: Path) -> None:
    """A BIDS table has its rate in the JSON beside it."""
    table, out = tmp_path / "sub-1_physio.tsv.gz", tmp_path / "out"
    beside, eda_us = tmp_path / "sub-1_physio.json", known(8.0).eda_us
    table.write_bytes(gzip.compress("".join(f"{value:.6f}\n" for value in eda_us).encode()))
    for rate_hz in (8, 4):
        told = {"Columns": ["eda"], "SamplingFrequency": rate_hz, "StartTime": 0}
        beside.write_text(json.dumps(told), encoding="utf-8")
        assert analyse(table, "--out", out).exit_code == 0
        told = json.loads((out / "sub-1/beh/sub-1_eda.json").read_text(encoding="utf-8"))
        assert told["SamplingFrequency"] == rate_hz
