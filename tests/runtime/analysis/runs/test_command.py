"""`rtcan analyse` on files: tables, sidecars, pages, an index; bad files and hostile names."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from runtime.analysis.command import main
from runtime.analysis.runs import workers
from runtime.analysis.runs.batch import _found
from runtime.analysis.runs.task import Outcome, Task
from tests.runtime.analysis.runs.calls import analyse, rows, write
from tests.runtime.analysis.skin import ONSETS_S, known


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


def test_no_recording_of_a_large_folder_is_left_out(tmp_path: Path) -> None:
    deep = tmp_path / "sub-1" / "ses-1" / "beh"
    deep.mkdir(parents=True)
    (deep / "sub-1_ses-1_physio.tsv.gz").touch()
    for number in range(450):
        (tmp_path / f"{number:03d}.csv").write_text("time,eda\n0,5\n1,5\n")
    assert len(_found([tmp_path])) == 451
