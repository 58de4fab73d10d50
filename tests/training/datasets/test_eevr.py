"""EEVR's files as its authors write them."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from runtime.preprocessing.features import FEATURES
from training import choice, options, run
from training.datasets import eevr, registry
from training.datasets.names import NAMES
from training.datasets.registry import Source
from training.folds.splits import Plan, splits
from training.presets import FRAMES

HEADER = [
    "Time", "EDA", "Label", "Participant ID", "Gender", "Playlist ID", "Video ID", "CMA",
    "VideoName", "Video_ID_number",
]  # fmt: skip
VIDEOS, REVERSED = ("Baseline", "Lagoon", "War"), ("Baseline", "War", "Lagoon")


def write_eevr(root: Path, zipped: bool = True) -> None:
    """Two people, a baseline and two videos each, which they saw in opposite order."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for subject in (12, 3):
        for video in (0, 1, 2):
            for i in range(700):
                value = 0 if (video == 2 and i in (5, 6)) else round(2 + 0.001 * i + video, 3)
                minutes = round(i * 0.128 / 60, 6)
                names, playlist = (VIDEOS, 1) if subject == 12 else (REVERSED, 3)
                rows.writerow(
                    [minutes, value, "x", subject, "Male", playlist, f"V{video}", "HVLA",
                     names[video], video]
                )  # fmt: skip
    if zipped:
        with zipfile.ZipFile(root / "Stimuli_EDA.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Stimuli_EDA.csv", text.getvalue())
    else:
        (root / "Stimuli_EDA.csv").write_text(text.getvalue(), encoding="utf-8")
    with (root / "EDA_labels.csv").open("w", encoding="utf-8", newline="") as file:
        labels = csv.writer(file)
        labels.writerow(["", "ku_eda", "Participant ID", "Video_ID_number", "Valence", "Arousal"])
        for n, (subject, video) in enumerate([(12, 0), (12, 1), (12, 2), (3, 1)]):
            labels.writerow([n, 0.1, subject, video, 4.0, 2.0])


@pytest.mark.parametrize("zipped", [True, False])
def test_eevr_as_published(tmp_path: Path, zipped: bool) -> None:
    write_eevr(tmp_path, zipped)
    data = eevr.load(tmp_path)
    assert [(r.subject, r.stimulus) for r in data.recordings] == [
        ("3", "War"), ("12", "Lagoon"), ("12", "War"),
    ]  # fmt: skip
    assert data.skipped == {"baseline, not a stimulus": 2, "no ratings": 1}
    last = data.recordings[-1]
    assert last.ratings == {"arousal": 2.0, "valence": 4.0}
    np.testing.assert_allclose(np.diff(last.samples.time_s), 0.128)
    # The authors' zeros are gaps.
    assert np.flatnonzero(np.isnan(last.samples.eda_us)).tolist() == [5, 6]
    assert last.samples.eda_us[0] == 4.0


def test_a_sitting_has_the_baseline_and_all_videos_in_order(tmp_path: Path) -> None:
    write_eevr(tmp_path)
    twelve, three = eevr.load(tmp_path).sessions
    assert (twelve.name, three.name) == ("12", "3")
    assert [segment.name for segment in three.segments] == ["Baseline", "War", "Lagoon"]
    assert len(three.samples) == 2100 and np.isnan(three.samples.eda_us).sum() == 2
    # Stamps that go back count for nothing: each begins at 0 in this file.
    assert [s.start_s for s in three.segments] == pytest.approx([0.0, 89.6, 179.2])


def test_a_stimulus_is_a_video_not_a_place_in_a_playlist(tmp_path: Path) -> None:
    write_eevr(tmp_path)
    labels = tmp_path / "EDA_labels.csv"
    labels.write_text(labels.read_text() + "4,0.1,3,2,1.0,5.0\n")
    data = eevr.load(tmp_path)
    assert [(r.subject, r.stimulus, r.ratings["arousal"]) for r in data.recordings] == [
        ("3", "War", 2.0), ("3", "Lagoon", 5.0), ("12", "Lagoon", 2.0), ("12", "War", 2.0),
    ]  # fmt: skip


def test_two_videos_at_one_place_are_named(tmp_path: Path) -> None:
    write_eevr(tmp_path, zipped=False)
    path = tmp_path / "Stimuli_EDA.csv"
    path.write_text(path.read_text().replace("Lagoon,1", "Canyon,1", 1))
    with pytest.raises(DatasetError, match=r"participant 12, video 1 is called 'Canyon' and"):
        eevr.load(tmp_path)


def test_a_row_without_a_videos_name_is_named(tmp_path: Path) -> None:
    write_eevr(tmp_path, zipped=False)
    path = tmp_path / "Stimuli_EDA.csv"
    path.write_text(path.read_text().replace("Lagoon,1", ",1", 1))
    with pytest.raises(DatasetError, match=r"line 702: .* a name in VideoName"):
        eevr.load(tmp_path)


def test_eevr_missing_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="clone its repository"):
        registry.load(Source(name="eevr", root=tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("Stimuli_EDA.zip", b"PK\x03\x04 no zip at all", "damaged"),
        ("EDA_labels.csv", b"a,b\n1,2\n", "lacks the column"),
        (
            "EDA_labels.csv",
            b"Participant ID,Video_ID_number,Arousal,Valence\n12,1,x,2\n",
            "line 2",
        ),
        (
            "EDA_labels.csv",
            b"Participant ID,Video_ID_number,Arousal,Valence\n12,1,0,2\n",
            "1 to 5 was expected",
        ),
    ],
)
def test_damaged_eevr_files_are_named(
    tmp_path: Path, name: str, content: bytes, named: str
) -> None:
    write_eevr(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=named) as caught:
        eevr.load(tmp_path)
    assert name in str(caught.value)


def test_eevr_itself(shared_data: Path) -> None:
    data = eevr.load(shared_data / "eevr" / "Data_files")
    assert len(data.subjects) == 37
    assert len(data.recordings) == 296
    lengths_s = [r.samples.time_s[-1] for r in data.recordings]
    assert np.median(lengths_s) == pytest.approx(166.656)
    sittings_s = [session.samples.time_s[-1] for session in data.sessions]
    assert len(sittings_s) == 37 and min(sittings_s) > 1400 and max(sittings_s) < 4000
    # Four playlists of sixteen videos, each in two of them.
    people = {video: {r.subject for r in data.recordings if r.stimulus == video} for video in
              {r.stimulus for r in data.recordings}}  # fmt: skip
    assert len(people) == 16 and "The Displaced" in people
    assert sum(map(len, people.values())) == 296
    subjects, stimuli = ([getattr(r, name) for r in data.recordings] for name in
                         ("subject", "stimulus"))  # fmt: skip
    truth = np.zeros(296, dtype=np.int64)
    for split in splits(Plan(folds=3, stimuli_apart=True), subjects, stimuli, truth):
        learnt = {stimuli[i] for i in (*split.train, *split.validation)}
        assert not learnt & {stimuli[i] for i in split.test}


def test_sittings_are_seen_in_the_persons_own_units(tmp_path: Path) -> None:
    """Without a preset or an option, as Stress-Predict's are."""
    write_eevr(tmp_path)
    arguments = ["--dataset", "eevr", "--data-root", str(tmp_path), "--no-cache", "--jobs", "1"]
    o = run.main.make_context("training.run", [*arguments, "--window", "30"]).params
    with options.runner(tmp_path / "out", o) as runner:
        made = choice.choose(
            runner, music=None, temporal_attention=True, channel_attention=True, o=o
        )
    assert made.contract.personal and made.problem.wide
    assert made.contract.features == FEATURES
    assert any("each sitting whole" in note for note in made.problem.data.notes)
    # The baseline, which has no ratings, is where the reference is learnt.
    first = made.problem.windows.time_s[~made.problem.windows.short].min()
    assert first + made.contract.window_s >= made.contract.reference_s


@pytest.mark.parametrize("name", NAMES)
def test_whole_sittings_are_personal_and_trials_are_not(name: str) -> None:
    whole = {"eevr", "stress-predict", "e4"}
    assert FRAMES[name].normalisation == ("personal" if name in whole else "zscore")
