"""Anybody's own E4 sessions with a table of segments."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from device.errors import DatasetError
from device.simulation.physiology import Person, simulate
from runtime.preprocessing.contract import Contract
from tests.training.runs import without_report
from training import run
from training.datasets import registry
from training.datasets.registry import Source
from training.labels.annotation import annotate
from training.windows import cache

START = 1_644_227_574
PEOPLE = ("anna", "ben", "cleo", "dora")
HEADER = "session,start,stop,person,arousal,valence\n"


def write(root: Path, seconds: float = 300.0) -> None:
    """Four sessions of 300 s, a day after another: folders, and one zip."""
    for day, name in enumerate(PEOPLE):
        samples = simulate(Person(), seconds, 4.0, arousal=lambda _: 0.6, seed=day)
        values = "\n".join(f"{value:.6f}" for value in samples.eda_us)
        text = f"{START + 86_400 * day}.000000\n4.000000\n{values}\n"
        if name == "ben":
            with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
                archive.writestr("EDA.csv", text)
        else:
            (root / name).mkdir(parents=True)
            (root / name / "EDA.csv").write_text(text)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e4")
    write(folder)
    return folder


def source(root: Path, folder: Path, rows: str, header: str = HEADER) -> Source:
    """A table in another folder than the sessions."""
    table = folder / "labels.csv"
    table.write_text(header + rows)
    return Source(name="e4", root=root, labels_csv=table)


def test_sessions_and_segments(root: Path, tmp_path: Path) -> None:
    unix = START + 86_400
    rows = (
        f"anna,100,200,Anna,high,\nanna,0,100,Anna,LOW,1\nanna,200,250,Anna,,\n"
        f"ben,{unix + 50},{unix + 300},Ben,0,\n"
    )
    data = registry.load(source(root, tmp_path, rows))
    assert [(r.subject, r.stimulus, dict(r.classes), r.targets) for r in data.recordings] == [
        ("Anna", "0 to 100 s", {"arousal": 0, "valence": 1}, ("arousal", "valence")),
        ("Anna", "100 to 200 s", {"arousal": 1}, ("arousal",)),
        ("Ben", f"{unix + 50} to {unix + 300} s", {"arousal": 0}, ("arousal",)),
    ]
    anna, ben = data.sessions
    assert [s.start_s for s in anna.segments] == [0, 100, 200]
    assert [(s.start_s, s.stop_s) for s in ben.segments] == [(50, 300)]
    assert data.notes == ("Segments and labels are those of labels.csv.",)


def test_numbers_are_ratings(root: Path, tmp_path: Path) -> None:
    header = "session,start,stop,person,arousal,stimulus\n"
    rows = "anna,0,100,a,3,calm\nanna,100,200,a,7,loud\nben.zip,0,100,b,1,calm\n"
    data = registry.load(source(root, tmp_path, rows, header))
    assert [dict(r.ratings) for r in data.recordings] == [
        {"arousal": 3.0}, {"arousal": 7.0}, {"arousal": 1.0},
    ]  # fmt: skip
    assert [r.stimulus for r in data.recordings] == ["calm", "loud", "calm"]
    assert data.targets == ("arousal",) and data.rating_range == (1, 7)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("carl,0,9,c,low,\n", r"line 2: there is no session 'carl' .*: anna, cleo, dora, ben\.zip"),
        ("anna,0,9,a,low,\nanna,290,301,a,low,\n",
         r"line 3: 290 to 301 lies outside session anna, .* from 0 to 300"),
        (f"anna,{START - 5},{START + 9},a,low,\n",
         f"line 2: {START - 5} to {START + 9} lies outside .* from {START} to {START + 300}"),
        ("anna,50,90,a,low,\nanna,0,60,a,high,\n",
         r"line 2: it begins 10 s before the segment of labels\.csv, line 3 ends"),
        ("anna,0,9,a,low,\nanna,9,20,b,low,\n", "line 3: session anna is of b, but of a in"),
        ("anna,9,9,a,low,\n", "line 2: stop 9 does not come after start 9"),
        (f"anna,9,{START + 20},a,low,\n", "line 2: .* one is in Unix seconds and one is not"),
        ("anna,soon,9,a,low,\n", "line 2: start is 'soon'; Unix seconds or seconds since"),
        ("anna,0,9,a,nice,\n", "line 2: arousal is 'nice'; low, high, or a number"),
        ("anna,0,9,a,low,\nanna,9,20,a,5,\n", "line 2: arousal is 'low', but other rows have"),
        ("anna,0,9,,low,\n", "line 2: person is empty"),
        ("../anna,0,9,a,low,\n", "line 2: .* a place under the root was expected"),
        ("anna,0,9,a,,\n", "none has a label"),
        ("", "has no row"),
    ],
)  # fmt: skip
def test_a_damaged_table_is_named_with_its_row(
    root: Path, tmp_path: Path, rows: str, said: str
) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        registry.load(source(root, tmp_path, rows))
    assert "labels.csv" in str(caught.value)


def test_a_table_without_a_column_or_without_a_file(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"labels\.csv lacks the column 'person'; it has: ses"):
        registry.load(source(root, tmp_path, "anna,0,9,low\n", "session,start,stop,arousal\n"))
    with pytest.raises(DatasetError, match="lacks both arousal and valence; it has"):
        registry.load(source(root, tmp_path, "anna,0,9,a\n", "session,start,stop,person\n"))
    with pytest.raises(DatasetError, match="--labels-csv"):
        registry.load(Source(name="e4", root=root))
    with pytest.raises(DatasetError, match=r"goes with --dataset e4; synthetic has its own"):
        registry.load(Source(name="synthetic", labels_csv=tmp_path / "x"))


def test_another_table_is_another_entry_of_the_cache(root: Path, tmp_path: Path) -> None:
    one = cache.key(source(root, tmp_path, "anna,0,9,a,low,\n"), Contract(), 10.0, False)
    other = cache.key(source(root, tmp_path, "anna,0,9,a,high,\n"), Contract(), 10.0, False)
    assert one != other


def test_from_a_table_to_a_model(root: Path, tmp_path: Path) -> None:
    rows = "".join(
        f"{name},{at},{at + 60},{name},{('low', 'high')[at // 60 % 2]},\n"
        for name in PEOPLE
        for at in (120, 180, 240)
    )
    own = source(root, tmp_path, rows)
    options = ["--dataset", "e4", "--data-root", root, "--labels-csv", own.labels_csv, "--window",
               "20", "--input-length", "64", "--width", "8", "--epochs", "1", "--folds", "2",
               "--device", "cpu", "--output", tmp_path / "out"]  # fmt: skip
    with without_report():
        result = CliRunner().invoke(run.main, list(map(str, options)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert told["people"] == 4 and list(told["targets"]) == ["arousal"]
    assert json.loads(told["contract"])["normalisation"] == "personal"
    assert np.isfinite(told["targets"]["arousal"]["rtcan"]["accuracy"])


def test_a_stimulus_of_two_sittings_was_rated_twice(root: Path, tmp_path: Path) -> None:
    header = "session,start,stop,person,arousal,stimulus\n"
    rows = "anna,0,100,a,1,calm\ncleo,0,100,a,1,calm\ncleo,100,200,a,3,loud\n"
    data = registry.load(source(root, tmp_path, rows, header))
    # Of 1, 1 and 3.
    assert annotate(data, "median").lines["a"].thresholds["arousal"] == 1.0


def test_a_session_under_two_names_is_refused(root: Path, tmp_path: Path) -> None:
    """Else one signal would stand on both sides of a split, as two people's."""
    rows = "ben,0,100,Ben,low,\nben.zip,100,200,Bert,high,\n"
    with pytest.raises(DatasetError, match=r"line 3: ben\.zip is session ben of .*line 2"):
        registry.load(source(root, tmp_path, rows))
