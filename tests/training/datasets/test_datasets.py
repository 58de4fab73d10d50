import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from training.datasets import eevr, registry, synthetic
from training.datasets.registry import Source
from training.labels.annotation import annotate

HEADER = [
    "Time", "EDA", "Label", "Participant ID", "Gender", "Playlist ID", "Video ID", "CMA",
    "VideoName", "Video_ID_number",
]  # fmt: skip


def write_eevr(root: Path, zipped: bool = True) -> None:
    """Two people, a baseline and two videos each, as the authors write them."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for subject in (12, 3):
        for video in (0, 1, 2):
            for i in range(700):
                value = 0 if (video == 2 and i in (5, 6)) else round(2 + 0.001 * i + video, 3)
                minutes = round(i * 0.128 / 60, 6)
                rows.writerow(
                    [minutes, value, "x", subject, "Male", 1, f"V{video}", "HVLA", "name", video]
                )
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
        ("3", "1"), ("12", "1"), ("12", "2"),
    ]  # fmt: skip
    assert data.skipped == {"baseline, not a stimulus": 2, "no ratings": 1}
    last = data.recordings[-1]
    assert last.ratings == {"arousal": 2.0, "valence": 4.0}
    np.testing.assert_allclose(np.diff(last.samples.time_s), 0.128)
    # The authors' zeros are gaps.
    assert np.flatnonzero(np.isnan(last.samples.eda_us)).tolist() == [5, 6]
    assert last.samples.eda_us[0] == 4.0


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


def test_synthetic_people_are_reproducible_and_their_responses_follow_arousal() -> None:
    one, again = (synthetic.load(seed=3, people=4, trials=6) for _ in range(2))
    for a, b in zip(one.recordings, again.recordings, strict=True):
        np.testing.assert_array_equal(a.samples.eda_us, b.samples.eda_us)
        assert a.ratings == b.ratings
    high = annotate(one, "fixed:5").classes["arousal"]
    assert high.sum() == 12
    rough = np.array([np.diff(r.samples.eda_us[::19]).std() for r in one.recordings])
    assert rough[high == 1].mean() > 1.5 * rough[high == 0].mean()
