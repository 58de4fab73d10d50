"""`rtcan analyse` on files: tables, sidecars, pages, an index; resumed, and with bad files."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from runtime.analysis.command import main
from runtime.analysis.runs import one, workers
from runtime.analysis.runs.batch import _found
from runtime.analysis.runs.task import Outcome, Task
from tests.runtime.analysis.skin import ONSETS_S, known


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """The command sets variables for the processes that it starts."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def write(path: Path, rate_hz: float = 8.0) -> Path:
    samples = known(rate_hz)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = np.column_stack([samples.time_s, samples.eda_us])
    np.savetxt(path, table, delimiter=",", header="time,eda", comments="", fmt="%.6f")
    return path


def analyse(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments), "--jobs", "1"])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_recording_becomes_tables_sidecars_and_a_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = analyse(write(tmp_path / "p1.csv"), "--out", out)
    assert result.exit_code == 0, result.output
    folder = out / "sub-p1" / "beh"
    assert sorted(path.name for path in folder.iterdir()) == [
        "sub-p1_eda.json", "sub-p1_eda.tsv.gz", "sub-p1_features.json", "sub-p1_features.tsv",
        "sub-p1_report.html", "sub-p1_scr.json", "sub-p1_scr.tsv",
    ]  # fmt: skip
    scr = rows(folder / "sub-p1_scr.tsv")
    assert [float(row["onset"]) for row in scr] == pytest.approx(ONSETS_S, abs=0.5)
    assert len(rows(folder / "sub-p1_features.tsv")) == 15
    for name in ("scr", "features"):
        told = json.loads((folder / f"sub-p1_{name}.json").read_text(encoding="utf-8"))
        header = rows(folder / f"sub-p1_{name}.tsv")[0]
        assert all("Description" in told[column] for column in header)
        assert told["Settings"]["window_s"] == 60 and len(told["Cite"]) == 3
        assert told["Versions"]["numpy"] == np.__version__
    told = json.loads((folder / "sub-p1_eda.json").read_text(encoding="utf-8"))
    with gzip.open(folder / "sub-p1_eda.tsv.gz", "rt") as file:
        grid = np.loadtxt(file, delimiter="\t")
    assert grid.shape == (1600, len(told["Columns"])) and told["SamplingFrequency"] == 8
    column = dict(zip(told["Columns"], grid.T, strict=True))
    assert np.abs(column["tonic"] + column["phasic"] - column["eda"]).mean() < 0.01
    description = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    assert description["DatasetType"] == "derivative"


def test_pages_need_no_network(tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(write(tmp_path / "p1.csv"), "--out", out)
    for page in (out / "index.html", out / "sub-p1" / "beh" / "sub-p1_report.html"):
        text = page.read_text(encoding="utf-8")
        assert "src=" not in text and "<link" not in text and "@import" not in text
    assert 'href="sub-p1/beh/sub-p1_report.html"' in (out / "index.html").read_text()


def test_a_folder_with_a_bad_file_is_done_and_the_bad_file_told(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write(data / "good.csv")
    (data / "bad.csv").write_text("time,eda\n0,5\n0.25,oops\n", encoding="utf-8")
    (data / "zero.csv").write_text(
        "time,eda\n" + "".join(f"{k / 4},0\n" for k in range(400)), encoding="utf-8"
    )
    (data / "ohms.csv").write_text(
        "time,eda\n" + "".join(f"{k / 4},{200 + k % 7}\n" for k in range(400)), encoding="utf-8"
    )
    result = analyse(data, "--out", out)
    assert result.exit_code == 1
    assert "1 analysed; 3 failed" in result.output
    index = (out / "index.html").read_text(encoding="utf-8")
    for text in ("3 of 4 could not be analysed", "&#x27;oops&#x27;", "no contact with the skin",
                 "as kiloohms it would be", "good_report.html"):  # fmt: skip
        assert text in index, text


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


def test_events_of_each_recording(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write(data / "a.csv")
    events = tmp_path / "a_events.tsv"
    events.write_text("onset\tduration\ttrial_type\n18\t10\tstroop\n", encoding="utf-8")
    result = analyse(data / "a.csv", "--out", out, "--events", tmp_path / "{name}_events.tsv")
    assert result.exit_code == 0, result.output
    (row,) = rows(out / "sub-a" / "beh" / "sub-a_features.tsv")
    assert row["trial_type"] == "stroop" and row["scr_within"] == "1"
    events.write_text("onset\tduration\n18000\t10\n", encoding="utf-8")
    result = analyse(data / "a.csv", "--out", out, "--events", tmp_path / "{name}_events.tsv")
    assert result.exit_code == 1 and "milliseconds" in result.output


def test_an_empatica_session_cut_short_and_one_without_skin_conductance(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    text = "\n".join(f"{v:.6f}" for v in known(4.0).eda_us)
    (data / "S01").mkdir(parents=True)
    (data / "S01" / "EDA.csv").write_text(f"1600000000.0\n4.0\n{text[:-3]}\n", encoding="utf-8")
    (data / "S02").mkdir()
    (data / "S02" / "EDA.csv").write_text("1600000000.0\n", encoding="utf-8")
    (data / "heart.csv").write_text("time,heart,breath\n0,70,1\n1,71,2\n", encoding="utf-8")
    result = analyse(data, data / "heart.csv", "--out", out)
    assert result.exit_code == 1 and "1 analysed; 2 failed" in result.output
    scr = rows(out / "sub-S01" / "beh" / "sub-S01_scr.tsv")
    assert [float(row["onset"]) for row in scr] == pytest.approx(ONSETS_S, abs=0.5)
    assert "Choose one with --column" in result.output.replace("\n", " ")


def test_two_processes_give_the_same_as_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in "ab":
        write(data / f"{name}.csv")
    analyse(data, "--out", tmp_path / "one")
    result = CliRunner().invoke(main, [str(data), "--out", str(tmp_path / "two"), "--jobs", "2"])
    assert result.exit_code == 0, result.output
    for name in ("sub-a/beh/sub-a_scr.tsv", "sub-b/beh/sub-b_features.tsv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def dies(task: Task) -> Outcome:
    os._exit(9)


def test_a_process_that_is_killed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    for name in "ab":
        write(data / f"{name}.csv")
    monkeypatch.setattr(workers, "do", dies)
    result = CliRunner().invoke(main, [str(data), "--out", str(tmp_path / "o"), "--jobs", "2"])
    assert result.exit_code == 1 and "try fewer --jobs" in result.output.replace("\n", " ")


def test_a_model_adds_its_probabilities(tmp_path: Path) -> None:
    from runtime.inference.models import SHIPPED_MODEL

    result = analyse(
        write(tmp_path / "p1.csv"), "--out", tmp_path / "out", "--model", SHIPPED_MODEL
    )
    assert result.exit_code == 0, result.output
    found = rows(tmp_path / "out" / "sub-p1" / "beh" / "sub-p1_features.tsv")
    # The first two minutes are what the model learns the person by.
    values = [float(v) for row in found if (v := row["probability_arousal"]) != "n/a"]
    assert values and all(0 <= value <= 1 for value in values)
    result = analyse(
        tmp_path / "p1.csv", "--out", tmp_path / "two", "--model", tmp_path / "no.onnx"
    )
    assert result.exit_code == 1 and "no.onnx" in result.output


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


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes that are no UTF-8")
def test_a_hostile_name_is_shown_and_obeyed_nowhere(tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = tmp_path / os.fsdecode(b"\xff\x1b[31m<script>alert(1)<x>.csv")
    write(tmp_path / "a.csv").rename(path)
    bad = tmp_path / os.fsdecode(b"\xfe\x1b[31m<b>.csv")
    bad.write_text("time,eda\n0,oops\n1,2\n", encoding="utf-8")
    result = analyse(path, bad, "--out", out)
    assert "1 analysed; 1 failed" in result.output and "\x1b[31m<" not in result.output
    (folder,) = (item for item in out.iterdir() if "alert" in item.name)
    (report,) = (folder / "beh").glob("*_report.html")
    for page in (report, out / "index.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script>alert" not in text and "<b>.csv" not in text
    (sidecar,) = (folder / "beh").glob("*_scr.json")
    assert json.loads(sidecar.read_text(encoding="utf-8"))["Source"] == str(path)
    assert "1 of them earlier" in analyse(path, bad, "--out", out).output


def test_a_recording_without_events_has_no_rows(tmp_path: Path) -> None:
    out, events = tmp_path / "out", tmp_path / "e.tsv"
    events.write_text("onset\tduration\ttrial_type\n", encoding="utf-8")
    result = analyse(write(tmp_path / "a.csv"), "--out", out, "--events", events)
    assert result.exit_code == 0, result.output
    assert rows(out / "sub-a" / "beh" / "sub-a_features.tsv") == []


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


def test_no_recording_of_a_large_folder_is_left_out(tmp_path: Path) -> None:
    deep = tmp_path / "sub-1" / "ses-1" / "beh"
    deep.mkdir(parents=True)
    (deep / "sub-1_ses-1_physio.tsv.gz").touch()
    for number in range(450):
        (tmp_path / f"{number:03d}.csv").write_text("time,eda\n0,5\n1,5\n")
    assert len(_found([tmp_path])) == 451
