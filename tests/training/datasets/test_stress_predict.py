"""Stress-Predict's files, as git clone gives them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from training.datasets import stress_predict
from training.datasets.parsers.empatica import read_eda
from training.datasets.standins import stress_predict as standin

TABLE = f"Processed_data/{stress_predict.LABELS}"
NAMES = ["Stroop", "rest 1", "interview", "rest 2", "hyperventilation", "rest 3"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people, a tenth as long as the real ones."""
    root = tmp_path_factory.mktemp("stress-predict")
    standin.write(root, 4, seed=1, pace=10)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    for path in published.rglob("*.csv"):
        target = tmp_path / path.relative_to(published)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


def test_the_standin_has_the_published_form(published: Path) -> None:
    folders = sorted(p.name for p in (published / "Raw_data").iterdir() if p.is_dir())
    assert folders == ["S01", "S02", "S03", "S04"]
    lines = (published / "Raw_data" / "S02" / "EDA.csv").read_text().splitlines()
    assert lines[0].endswith(".000000") and lines[1:3] == ["4.000000", "0.000000"]
    table = (published / "Processed_data" / stress_predict.LABELS).read_text().splitlines()
    assert table[0] == "Participant,HR,respr,Time(sec),Label"
    assert table[1].startswith("2,")


def test_a_session_is_continuous_and_its_segments_follow_the_labels(published: Path) -> None:
    sessions, skipped = stress_predict.sessions(published)
    assert [s.subject for s in sessions] == ["S02", "S03", "S04"]
    assert skipped == {"session without labels": 1}
    first = sessions[0]
    assert [s.name for s in first.segments] == ["before the tasks", *NAMES]
    np.testing.assert_allclose(np.diff(first.samples.time_s), 0.25)
    start_s = float((published / "Raw_data" / "S02" / "EDA.csv").read_text().split()[0])
    tags = (published / "Raw_data" / "S02" / "tags_S02.csv").read_text().split()
    for segment, tag in zip(first.segments[1:], tags, strict=True):
        assert segment.start_s + start_s == float(tag)
    # One after the other, without a gap.
    stops = [s.stop_s for s in first.segments]
    assert [s.start_s for s in first.segments[1:]] == stops[:-1]


def test_tasks_are_high_arousal_and_there_is_no_valence(published: Path) -> None:
    data = stress_predict.load(published)
    assert [r.stimulus for r in data.recordings[:6]] == NAMES
    assert [r.classes["arousal"] for r in data.recordings[:6]] == [1, 0, 1, 0, 1, 0]
    assert {r.targets for r in data.recordings} == {("arousal",)}
    assert not any("valence" in r.classes or r.ratings for r in data.recordings)
    assert "fixed times" in data.notes[0]


def test_exact_zeros_are_no_contact(published: Path) -> None:
    sessions, _ = stress_predict.sessions(published)
    lost = [int(np.isnan(s.samples.eda_us).sum()) for s in sessions]
    assert lost == [1, 41, 1]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("Raw_data/S02/EDA.csv", "\n4.000000", "\nfour", "line 2: 'four' is no number"),
        ("Raw_data/S02/EDA.csv", "16", "1\n16", "begins with 1, "),
        (TABLE, "Label", "Stress", "lacks the column 'Label'"),
        (TABLE, "\n2,75,14.5,1", "\n2,75,14.5,9", "line 3: .* does not come"),
        (TABLE, ",0\n2", ",3\n2", "line 2: the label is 3"),
        (TABLE, "\n4,", "\n44,", "labels of S44"),
        (
            TABLE,
            ",14.5,164",
            ",14.5,364",
            "labels begin at 364",
        ),
    ],
)
def test_damaged_files_are_named(root: Path, name: str, old: str, new: str, said: str) -> None:
    path = root / name
    times = 1 if "EDA" in name or new.startswith((",3", "Str", "\n2")) else -1
    path.write_text(path.read_text().replace(old, new, times))
    with pytest.raises(DatasetError, match=said) as caught:
        stress_predict.load(root)
    assert Path(name).name in str(caught.value)


def test_an_empty_folder_says_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="clone its repository"):
        stress_predict.load(tmp_path)


def test_a_session_may_be_zipped(published: Path, tmp_path: Path) -> None:
    loose = published / "Raw_data" / "S03"
    with zipfile.ZipFile(tmp_path / "S03.zip", "w") as archive:
        archive.write(loose / "EDA.csv", "S03/EDA.csv")
    one, other = read_eda(loose), read_eda(tmp_path / "S03.zip")
    assert one.start_unix_s == other.start_unix_s
    np.testing.assert_array_equal(one.samples.eda_us, other.samples.eda_us)
    (tmp_path / "S03.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DatasetError, match=r"S03\.zip is damaged"):
        read_eda(tmp_path / "S03.zip")


def test_stress_predict_itself(shared_data: Path) -> None:
    data = stress_predict.load(shared_data / "stress-predict")
    assert len(data.subjects) == 34 and len(data.recordings) == 6 * 34
    assert data.skipped == {"session without labels": 1}
    assert {r.subject: r.classes["arousal"] for r in data.recordings if r.stimulus == "Stroop"} == (
        dict.fromkeys(data.subjects, 1)
    )
    minutes = {name: np.median([len(r.samples) / 240 - 1 for r in data.recordings
                                if r.stimulus == name]) for name in NAMES}  # fmt: skip
    assert minutes["interview"] == pytest.approx(10, abs=0.5)
    assert minutes["hyperventilation"] == pytest.approx(2, abs=0.3)
