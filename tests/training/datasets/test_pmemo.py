"""PMEmo's two trees."""

from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from training.datasets import pmemo, prepared
from training.datasets.signals.checks import OUTSIDE
from training.datasets.standins import pmemo as standin_pmemo
from training.labels.annotation import annotate


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of 2019: 12 people, 4 songs."""
    folder = tmp_path_factory.mktemp("pmemo")
    standin_pmemo.write(folder, 12, 4, seed=2)
    return folder


def test_the_standin_has_the_published_form(tree: Path) -> None:
    lines = (tree / "EDA" / "1_EDA.csv").read_text().splitlines()
    header = lines[0].split(",")
    assert header[0] == "time(s)" and len(header) == 11
    assert all(len(name) == 6 and name.isdigit() for name in header[1:])
    assert [line.split(",")[0] for line in lines[1:4]] == ["0.00", "0.02", "0.04"]
    assert len(lines) - 1 in (1410, 1610, 2010)
    static = (tree / "annotations" / "static_annotations.csv").read_text().splitlines()
    assert static[0] == "musicId,Arousal(mean),Valence(mean)"
    features = (tree / "features" / "static_features.csv").read_text().splitlines()
    assert [len(line.split(",")) for line in features] == [6374] * 5
    assert (tree / "metadata.csv").read_text().startswith("musicId,fileName,title,artist")


def test_2019_has_labels_by_song(tree: Path) -> None:
    data = pmemo.load(tree, music=True)
    assert data.song_level and "no ratings by subject" in data.notes[0]
    # One of the twelve has bad contact, as in the real files: now and then it is none at all.
    assert len(data.recordings) == 39 and data.skipped == {OUTSIDE: 1}
    assert len(data.subjects) == 12
    by_song: dict[str, set[float]] = {}
    for r in data.recordings:
        by_song.setdefault(r.stimulus, set()).add(r.ratings["arousal"])
    assert sorted(by_song) == ["1", "2", "3", "4"]
    assert all(len(ratings) == 1 for ratings in by_song.values())
    assert {song: values.shape for song, values in data.music.items()} == dict.fromkeys(
        by_song, (6373,)
    )
    assert list(annotate(data, "midpoint").lines) == ["all songs"]


def test_2018_has_ratings_by_subject_and_two_hearings(tmp_path: Path) -> None:
    standin_pmemo.write(tmp_path, 6, 3, seed=2, by_subject=True)
    data = pmemo.load(tmp_path)
    assert not data.song_level
    assert len(data.recordings) + data.skipped[OUTSIDE] == 2 * 3 * 6
    assert {r.targets for r in data.recordings} == {("arousal",), ("valence",)}
    one = next(r for r in data.recordings if r.targets == ("arousal",))
    row = next(
        line.split(",")
        for line in (tmp_path / "Annotations" / "Arousal" / f"{one.stimulus}-A.csv")
        .read_text()
        .splitlines()
        if line.startswith(one.subject)
    )
    # 2 Hz, of which the first 15 s do not count.
    assert one.ratings["arousal"] == pytest.approx(np.mean([float(v) for v in row[31:]]))
    made = annotate(data, "midpoint")
    assert set(made.lines) == set(data.subjects)
    for target in ("arousal", "valence"):
        for r, label in zip(data.recordings, made.classes[target], strict=True):
            assert (label >= 0) == (target in r.targets)


def test_the_published_classes_are_taken_for_either_tree(tree: Path, tmp_path: Path) -> None:
    for source in ("EDA", "annotations", "features"):
        (tmp_path / source).symlink_to(tree / source)
    people = pmemo.load(tree).subjects
    rows = [f"{who},1,1,0" for who in people]
    (tmp_path / "value_all.csv").write_text("\n".join(["subject_id,music_id,a,v", *rows]))
    data = pmemo.load(tmp_path)
    assert {r.stimulus for r in data.recordings} == {"1"}
    assert data.skipped == {"no label": 29, OUTSIDE: 1}
    made = annotate(data, "midpoint")
    assert set(made.classes["arousal"]) == {1} and set(made.classes["valence"]) == {0}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("EDA/1_EDA.csv", "a,b\n1,2\n", "'time\\(s\\)' and a column per subject"),
        ("EDA/1_EDA.csv", "time(s),100001\n", "no line of numbers"),
        ("EDA/1_EDA.csv", "time(s),100001\n0.00,1\n0.00,1\n", "does not rise"),
        ("EDA/1_EDA.csv", "time(s),100001\n0.00,1\n0.02\n", "damaged"),
        ("annotations/static_annotations.csv", "musicId,Arousal(mean)\n1,0.5\n", "lacks"),
        (
            "annotations/static_annotations.csv",
            "musicId,Arousal(mean),Valence(mean)\n1,3.5,0.5\n",
            "song 1 has arousal 3.5; 0 to 1",
        ),
        ("features/static_features.csv", "musicId,f\n1,2\n", "2 columns"),
        ("features/static_features.csv", "musicId,f\n1,x\n", "damaged"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    for path, text in {
        "EDA/1_EDA.csv": "time(s),100001\n0.00,1.0\n0.02,1.1\n",
        "annotations/static_annotations.csv": "musicId,Arousal(mean),Valence(mean)\n1,0.4,0.6\n",
        "features/static_features.csv": "",
        name: content,
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(DatasetError, match=said) as caught:
        pmemo.load(tmp_path, music="features" in name)
    assert Path(name).name in str(caught.value)


def test_short_columns_and_nan_are_kept_apart(tmp_path: Path) -> None:
    for name in ("EDA", "annotations"):
        (tmp_path / name).mkdir()
    rows = [f"{i * 0.02:.2f},{1 + i / 100},{'' if i > 60 else 2 + i / 100}," for i in range(100)]
    (tmp_path / "EDA" / "1_EDA.csv").write_text("\n".join(["time(s),100001,100002,100003", *rows]))
    (tmp_path / "annotations" / "static_annotations.csv").write_text(
        "musicId,Arousal(mean),Valence(mean)\n1,0.4,0.6\n"
    )
    data = pmemo.load(tmp_path)
    assert [r.subject for r in data.recordings] == ["100001", "100002"]
    assert np.isnan(data.recordings[1].samples.eda_us).sum() == 39
    assert data.skipped == {"signal is NaN throughout": 1}


@pytest.mark.parametrize("release", ["2019", "2018"])
def test_a_signal_below_zero_is_no_conductance(tmp_path: Path, release: str) -> None:
    # Song 5, listener 100214: -3.8 to -0.8 microsiemens throughout; another dips for three samples.
    bad = np.linspace(-3.8, -0.8, 100)
    dips = np.where(np.isin(np.arange(100), (7, 8, 9)), -0.1, 2 + np.arange(100) / 100)
    write_song(tmp_path, release, {"100214": bad, "100215": dips})
    data = pmemo.load(tmp_path)
    assert data.subjects == ["100215"]
    hearings = 1 if release == "2019" else 2
    assert data.skipped == {OUTSIDE: hearings}
    assert np.flatnonzero(np.isnan(data.recordings[0].samples.eda_us)).tolist() == [7, 8, 9]
    assert f"{103 * hearings} of {200 * hearings} values of EDA are below zero" in data.notes[-1]


def write_song(root: Path, release: str, listeners: dict[str, np.ndarray]) -> None:
    """Write one song's signals and labels, as the two releases do."""
    files = {"value_all.csv": "\n".join(f"{who},5,1,0" for who in listeners)}
    if release == "2019":
        rows = [f"{i * 0.02:.2f}," + ",".join(map(str, row))
                for i, row in enumerate(np.stack(list(listeners.values()), axis=1))]  # fmt: skip
        files["EDA/5_EDA.csv"] = "\n".join([",".join(["time(s)", *listeners]), *rows])
    else:
        for target in ("Arousal", "Valence"):
            for who, eda_us in listeners.items():
                rows = [f"{i * 0.02:.2f},{value}" for i, value in enumerate(eda_us)]
                files[f"EDA/{target}/5_{who}_{target[0]}.csv"] = "\n".join(
                    ["time(s),EDA(microsiemens)", *rows]
                )
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_a_cell_that_is_no_number_is_a_gap_and_is_counted(tmp_path: Path) -> None:
    standin_pmemo.write(tmp_path, 10, 3, seed=2)
    path = tmp_path / "EDA" / "1_EDA.csv"
    lines = path.read_text().splitlines()
    for number, cell in ((4, "1.2.3"), (5, "#DIV/0!"), (6, ""), (7, "NaN")):
        cells = lines[number].split(",")
        lines[number] = ",".join([cells[0], cell, *cells[2:]])
    path.write_text("\n".join(lines) + "\n")
    data = pmemo.load(tmp_path)
    [note] = [n for n in data.notes if "no numbers" in n]
    assert note.startswith("2 cells of EDA") and "1_EDA.csv, line 5: '1.2.3'" in note
    subject = lines[0].split(",")[1].strip()
    [own] = [r for r in data.recordings if (r.subject, r.stimulus) == (subject, "1")]
    assert np.isnan(own.samples.eda_us[3:7]).all()


def test_an_empty_folder_says_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="free for research"):
        pmemo.load(tmp_path)


def write_prepared(root: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    for channel in ("tonic", "phasic", "origin"):
        for subject in (1, 2, 3):
            for video in (1, 2):
                n = {"deap": 8064, "amigos": 10000, "pmemo": 2500}[name]
                text = str(rng.normal(size=n).round(3).tolist())
                if name == "pmemo":
                    for target, letter in (("Arousal", "A"), ("Valence", "V")):
                        path = root / "txt" / target / channel / f"{video}_{subject}_{letter}.txt"
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text)
                else:
                    path = root / "img" / channel / f"{subject}_{video}.txt"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
    pairs = [(s, v) for s in (1, 2, 3) for v in (1, 2)]
    if name == "deap":
        rows = ["s,v,a,b,c,d,valence,arousal", *(f"{s},{v},0,0,0,0,{v - 1},1" for s, v in pairs)]
        (root / "label_all_annotation.csv").write_text("\n".join(rows))
    else:
        table = "label_all.csv" if name == "amigos" else "value_all.csv"
        (root / table).write_text("\n".join(f"{s},{v},1,{v - 1}" for s, v in pairs))


@pytest.mark.parametrize(
    ("name", "n", "length"), [("deap", 6, 7680), ("amigos", 6, 10000), ("pmemo", 12, 2500)]
)
def test_prepared_folders_of_the_published_code(
    tmp_path: Path, name: str, n: int, length: int
) -> None:
    write_prepared(tmp_path, name)
    data = prepared.load(name, tmp_path)
    assert len(data.recordings) == n
    for r in data.recordings:
        assert r.channels is not None
        assert {c: v.shape for c, v in r.channels.items()} == dict.fromkeys(
            ("tonic", "phasic", "origin"), (length,)
        )
        assert r.classes == {"arousal": 1, "valence": int(r.stimulus) - 1}
    assert "no model of them can run live" in data.notes[0]
    folder = "txt/Arousal/tonic" if name == "pmemo" else "img/tonic"
    victim = next((tmp_path / folder).iterdir())
    victim.write_text("[1, 2, oops]")
    with pytest.raises(DatasetError, match=victim.name):
        prepared.load(name, tmp_path)
