"""AMIGOS's files and their oddities."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from device.errors import DatasetError
from training.datasets import amigos
from training.datasets.standins import amigos as standin_amigos


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people: loose, foldered, zipped, loose."""
    folder = tmp_path_factory.mktemp("amigos")
    standin_amigos.write(folder, 4, seed=1)
    return folder


def test_the_standin_has_the_published_form(root: Path) -> None:
    stem = "Data_Preprocessed_P0"
    assert {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} == {
        f"{stem}1.mat", f"{stem}2/{stem}2.mat", f"{stem}3.zip", f"{stem}4.mat",
            "SIMULATED.txt",
    }  # fmt: skip
    with zipfile.ZipFile(root / f"{stem}3.zip") as archive:
        assert archive.namelist() == [f"{stem}3/{stem}3.mat"]
    data = loadmat(root / f"{stem}1.mat")
    for key in ("joined_data", "labels_selfassessment", "labels_ext_annotation", "VideoIDs"):
        assert data[key].shape == (1, 20) and data[key].dtype == object
    assert data["joined_data"][0, 0].shape[1] == 17
    assert data["labels_selfassessment"][0, 0].shape == (1, 12)


def test_amigos_is_read_from_all_three_places(root: Path) -> None:
    data = amigos.load(root)
    assert data.subjects == ["P01", "P02", "P03", "P04"]
    assert data.skipped == {"signal is NaN throughout": 1, "no self-assessment": 1}
    assert len(data.recordings) == 4 * 20 - 2
    raw = loadmat(root / "Data_Preprocessed_P01.mat")
    first = data.recordings[0]
    labels = raw["labels_selfassessment"][0, 0][0]
    # Arousal first, unlike DEAP.
    assert first.ratings == {"arousal": labels[0], "valence": labels[1]}
    np.testing.assert_allclose(first.samples.eda_us, 1e6 / raw["joined_data"][0, 0][:, 16])
    assert first.stimulus_start_s == 5.0
    gaps = [r for r in data.recordings if np.isnan(r.samples.eda_us).any()]
    assert [(r.subject, r.stimulus) for r in gaps] == [("P02", "03")]


def test_people_without_long_videos_are_counted(tmp_path: Path) -> None:
    cells = standin_amigos._person(8, np.random.SeedSequence(1), [51] * 20)
    savemat(tmp_path / "Data_Preprocessed_P08.mat", cells)
    # As scipy gives the publisher's own files back.
    read = loadmat(tmp_path / "Data_Preprocessed_P08.mat")
    assert read["joined_data"][0, 17].shape == (0, 0)
    assert read["labels_selfassessment"][0, 17].shape == (1, 0)
    data = amigos.load(tmp_path)
    assert data.skipped == {"empty trial": 4}
    assert len(data.recordings) == 16


def test_the_unit_can_be_told(root: Path) -> None:
    as_is = amigos.load(root, "us").recordings[0].samples.eda_us
    made = amigos.load(root, "ohm").recordings[0].samples.eda_us
    np.testing.assert_allclose(as_is * made, 1e6)


def changed(folder: Path, **change: Any) -> None:
    cells: dict[str, Any] = {
        "joined_data": np.empty((1, 20), dtype=object),
        "labels_selfassessment": np.empty((1, 20), dtype=object),
    }
    for i in range(20):
        cells["joined_data"][0, i] = 2e5 + np.random.default_rng(i).normal(size=(7000, 17))
        cells["labels_selfassessment"][0, i] = np.full((1, 12), 5.0)
    for key, value in change.items():
        if isinstance(value, dict):
            for i, cell in value.items():
                cells[key][0, i] = cell
        elif value is None:
            del cells[key]
        else:
            cells[key] = value
    savemat(folder / "Data_Preprocessed_P05.mat", cells)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"joined_data": None}, "lacks the variable 'joined_data'"),
        ({"joined_data": np.eye(3)}, r"'joined_data' is \(3, 3\)"),
        ({"joined_data": {4: np.ones((10, 16))}}, r"subject P05, video 5: the trial is"),
        ({"labels_selfassessment": {2: np.ones((1, 4))}}, "subject P05, video 3: the self"),
        ({"labels_selfassessment": {2: np.full((1, 12), 12)}}, "video 3 has arousal 12; 1 to 9"),
    ],
)
def test_wrong_shapes_name_file_subject_and_trial(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    changed(tmp_path, **change)
    with pytest.raises(DatasetError, match=said) as caught:
        amigos.load(tmp_path)
    assert "Data_Preprocessed_P05.mat" in str(caught.value)


def test_a_self_assessment_of_0_is_no_rating_and_ends_no_run(tmp_path: Path) -> None:
    changed(tmp_path, labels_selfassessment={2: np.zeros((1, 12)), 5: np.eye(1, 12) * 4})
    data = amigos.load(tmp_path)
    assert data.skipped == {"self-assessment of 0, which is no rating": 2}
    assert len(data.recordings) == 18


def test_zeros_everywhere_are_other_columns(tmp_path: Path) -> None:
    changed(tmp_path, labels_selfassessment={i: np.zeros((1, 12)) for i in range(11)})
    with pytest.raises(DatasetError, match=r"11 of 20 trials .* self-assessment of 0"):
        amigos.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file", b"x" * 300])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(content)
    with pytest.raises(DatasetError, match=r"Data_Preprocessed_P01\.mat"):
        amigos.load(tmp_path)


def test_truncated_and_zipped_garbage_are_named(root: Path, tmp_path: Path) -> None:
    whole = (root / "Data_Preprocessed_P01.mat").read_bytes()
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match="cut short"):
        amigos.load(tmp_path)
    (tmp_path / "Data_Preprocessed_P01.mat").unlink()
    (tmp_path / "Data_Preprocessed_P01.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(DatasetError, match="damaged"):
        amigos.load(tmp_path)


def test_newer_matlab_files_are_named(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(header.ljust(600, b"\x00"))
    with pytest.raises(DatasetError, match=r"version 7\.3"):
        amigos.load(tmp_path)


def test_an_empty_folder_says_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="sign its licence"):
        amigos.load(tmp_path)
