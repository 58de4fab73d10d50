"""DEAP's files, byte for byte."""

import io
import os
import pickle
import pickletools
import warnings
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from training.datasets import deap
from training.datasets.parsers.pickles import read_arrays
from training.datasets.signals.units import RELATIVE, RESISTANCE
from training.datasets.standins import deap as standin_deap
from training.datasets.standins.deap import write_python2_pickle


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people; the third one's resistance has its mean removed."""
    folder = tmp_path_factory.mktemp("deap")
    standin_deap.write(folder, 3, seed=1)
    return folder


def small(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    write_python2_pickle(file, arrays)
    return file.getvalue()


def test_the_standin_is_a_pickle_of_python_2() -> None:
    raw = small({"labels": np.eye(2), "data": np.ones((1, 300, 2))})
    ops = [(op.name, arg) for op, arg, _ in pickletools.genops(raw)]
    assert ops[0] == ("PROTO", 2)
    names = [name for name, _ in ops]
    # Byte strings as only Python 2 wrote them, no unicode, numpy's old module.
    assert "SHORT_BINSTRING" in names and "BINSTRING" in names
    assert not {"BINUNICODE", "SHORT_BINUNICODE", "BINBYTES"} & set(names)
    assert {arg for name, arg in ops if name == "GLOBAL"} == {
        "numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype",
    }  # fmt: skip
    with warnings.catch_warnings():
        # numpy 2 warns of its old module, which the file names.
        warnings.simplefilter("ignore")
        data = pickle.loads(raw, encoding="latin1")  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(data["labels"], np.eye(2))
    np.testing.assert_array_equal(data["data"], np.ones((1, 300, 2)))


def test_files_have_the_published_form(root: Path) -> None:
    files = sorted(p.name for p in (root / "data_preprocessed_python").iterdir())
    assert files == ["SIMULATED.txt", "s01.dat", "s02.dat", "s03.dat"]
    data = read_arrays(root / "data_preprocessed_python" / "s01.dat")
    assert data["data"].shape == (40, 40, 8064) and data["data"].dtype == np.float64
    assert data["labels"].shape == (40, 4)
    assert (root / "data_preprocessed_python" / "s01.dat").stat().st_size > 40 * 40 * 8064 * 8


def test_deap_is_read_as_conductance(root: Path) -> None:
    data = deap.load(root)
    assert data.subjects == ["s01", "s02", "s03"]
    assert len(data.recordings) == 120 and not data.skipped
    assert sorted(data.notes) == sorted(
        [f"GSR channel: {RESISTANCE} (80 trials)", f"GSR channel: {RELATIVE} (40 trials)"]
    )
    raw = read_arrays(root / "data_preprocessed_python" / "s01.dat")
    first = data.recordings[0]
    np.testing.assert_allclose(first.samples.eda_us, 1e6 / raw["data"][0, 36])
    assert first.ratings == {"valence": raw["labels"][0, 0], "arousal": raw["labels"][0, 1]}
    assert first.samples.time_s[-1] == pytest.approx(8063 / 128)
    # Without its mean the resistance is only turned round.
    centred = read_arrays(root / "data_preprocessed_python" / "s03.dat")["data"][0, 36]
    third = next(r for r in data.recordings if r.subject == "s03")
    assert np.corrcoef(third.samples.eda_us, -centred)[0, 1] == pytest.approx(1.0)
    assert third.samples.eda_us.mean() == pytest.approx(5.0)


def test_the_matlab_variant_is_the_same(root: Path, tmp_path: Path) -> None:
    standin_deap.write(tmp_path, 1, seed=1, matlab=True)
    standin_deap.write(tmp_path / "python", 1, seed=1)
    one, other = deap.load(tmp_path), deap.load(tmp_path / "python")
    for a, b in zip(one.recordings, other.recordings, strict=True):
        np.testing.assert_array_equal(a.samples.eda_us, b.samples.eda_us)
        assert a.ratings == b.ratings


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def _nested(path: Path) -> bytes:
    array = np.empty(1, dtype=object)
    array[0] = Evil(path)
    return pickle.dumps({"data": array, "labels": array}, 2)


@pytest.mark.parametrize("nested", [False, True])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, nested: bool) -> None:
    owned = tmp_path / "owned"
    raw = _nested(owned) if nested else pickle.dumps({"data": Evil(owned), "labels": 1}, 2)
    (tmp_path / "s01.dat").write_bytes(raw)
    with pytest.raises(DatasetError, match="could run code"):
        deap.load(tmp_path)
    assert not owned.exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "__import__"])
def test_builtins_are_not_admitted(tmp_path: Path, name: str) -> None:
    (tmp_path / "s01.dat").write_bytes(b"\x80\x02c__builtin__\n" + name.encode() + b"\n.")
    with pytest.raises(DatasetError, match=f"__builtin__.{name}"):
        deap.load(tmp_path)


FULL = small({"labels": np.full((40, 4), 5.0), "data": np.ones((40, 4, 3))})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not a pickle"),
        (b"hello\n", "not a pickle"),
        (FULL[: len(FULL) // 2], "not a pickle"),
        (FULL, r"'data' is float64 \(40, 4, 3\); numbers \(40, 40, 8064\) were expected"),
        (small({"data": np.eye(2)}), "holds \\['data'\\]"),
        (pickle.dumps([1, 2]), "holds list"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "s07.dat").write_bytes(raw)
    with pytest.raises(DatasetError, match=said) as caught:
        deap.load(tmp_path)
    assert "s07.dat" in str(caught.value)


def subject_file(folder: Path, gsr: np.ndarray, labels: np.ndarray) -> None:
    data = np.zeros((40, 40, 8064))
    data[:, 36] = gsr
    with (folder / "s01.dat").open("wb") as file:
        write_python2_pickle(file, {"labels": labels, "data": data})


def test_bad_trials_are_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gsr = 2e5 + 1e3 * rng.normal(size=(40, 8064))
    gsr[0] = np.nan
    gsr[1] = 3.0
    gsr[2, :6000] = np.nan
    gsr[3, 7] = np.inf
    labels = np.full((40, 4), 5.0)
    labels[4, 1] = np.nan
    subject_file(tmp_path, gsr, labels)
    data = deap.load(tmp_path)
    assert data.skipped == {
        "signal is NaN throughout": 1,
        "signal does not move at all": 1,
        "more than half of the signal is missing": 1,
        "no rating": 1,
    }
    assert [r.stimulus for r in data.recordings] == ["04", *(f"{n:02d}" for n in range(6, 41))]
    # One infinite sample is a missing sample, not a lost trial.
    assert np.flatnonzero(np.isnan(data.recordings[0].samples.eda_us)).tolist() == [7]
    assert "1 of 290304 samples" in data.notes[1]


def test_labels_in_another_order_are_noticed(tmp_path: Path) -> None:
    gsr = 2e5 + np.random.default_rng(0).normal(size=(40, 8064))
    labels = np.full((40, 4), 5.0)
    labels[6, 0] = 0.0
    subject_file(tmp_path, gsr, labels)
    with pytest.raises(DatasetError, match=r"s01.dat: subject s01, trial 7 has valence 0"):
        deap.load(tmp_path)
    labels[:, :2] = np.linspace(1, 9, 40)[:, None] * [1, 0] + [0, 5]
    subject_file(tmp_path, gsr, labels)
    rows = [f"1,{t + 1},{t + 1},0,{labels[t, 1]:.2f},{labels[t, 0]:.2f},5,5,3" for t in range(40)]
    header = ",".join(standin_deap._RATINGS_HEADER)
    (tmp_path / "participant_ratings.csv").write_text("\r\n".join([header, *rows]))
    with pytest.raises(DatasetError, match="swapped"):
        deap.load(tmp_path)


def test_the_order_of_presentation_is_that_of_the_table(tmp_path: Path) -> None:
    gsr = 2e5 + np.random.default_rng(0).normal(size=(40, 8064))
    subject_file(tmp_path, gsr, np.full((40, 4), 5.0))
    assert {r.turn for r in deap.load(tmp_path).recordings} == {0}
    rows = [f"1,{40 - video},{video + 1},0,5,5,5,5,3" for video in range(40)]
    header = ",".join(standin_deap._RATINGS_HEADER)
    (tmp_path / "participant_ratings.csv").write_text("\r\n".join([header, *rows]))
    assert [r.turn for r in deap.load(tmp_path).recordings] == [*range(40, 0, -1)]


def test_an_empty_folder_says_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="sign its licence"):
        deap.load(tmp_path)
