"""Windows on disk: found only for the very same, and no more of them than asked for."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from device.samples import Samples
from runtime.preprocessing.contract import Contract
from tests.training.runs import call
from training import run
from training.datasets import registry
from training.datasets.recordings import Dataset, Recording
from training.datasets.registry import Source
from training.datasets.standins import amigos, pmemo
from training.windows import cache, store
from training.windows.prepare import prepare

CONTRACT = Contract(context_s=2.0, window_s=10.0, input_length=64)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PMEmo of 2019: 6 people, 4 songs."""
    folder = tmp_path_factory.mktemp("songs")
    pmemo.write(folder, 6, 4, seed=2)
    return folder


def get(root: Path, folder: Path, stride_s: float = 10.0, **more: Any) -> tuple[int, bool]:
    """Return how many recordings there are, and whether they were read anew."""
    read: list[bool] = []
    source = Source(name="pmemo", root=root)
    data, _ = cache.windows(
        source, CONTRACT, stride_s, folder=folder, reading=lambda: read.append(True), **more
    )
    return len(data.recordings), bool(read)


def test_the_cache_is_read_only_for_the_very_same(
    songs: Path, own_cache: Path, tmp_path: Path
) -> None:
    tree = Path(shutil.copytree(songs, tmp_path / "tree"))
    source = Source(name="pmemo", root=tree)
    made: list[str] = []

    def windows_of(contract: Contract = CONTRACT, source: Source = source, **more: Any) -> Any:
        made.clear()
        return cache.windows(
            source, contract, more.pop("stride_s", 10.0), folder=own_cache,
            reading=lambda: made.append("read"), **more,
        )  # fmt: skip

    data, windows = windows_of()
    assert made == ["read"]
    data_again, again = windows_of()
    assert made == []
    np.testing.assert_array_equal(again.inputs, windows.inputs)
    np.testing.assert_array_equal(again.features, windows.features)
    for one, other in zip(data_again.recordings, data.recordings, strict=True):
        assert (one.subject, one.stimulus, one.ratings) == (
            other.subject, other.stimulus, other.ratings,
        )  # fmt: skip
    assert data_again.skipped == data.skipped and data_again.song_level == data.song_level
    for change in (
        {"window_s": 12.0},
        {"rate_hz": 4.0},
        {"input_length": 65},
        {"channels": ("origin", "tonic", "phasic")},
        {"cvxeda": dataclasses.replace(CONTRACT.cvxeda, alpha=1e-3)},
    ):
        windows_of(dataclasses.replace(CONTRACT, **change))
        assert made == ["read"], change
    windows_of(stride_s=5.0)
    assert made == ["read"]
    windows_of(whole_trial=True)
    assert made == ["read"]
    # Words in the contract change no window.
    windows_of(dataclasses.replace(CONTRACT, labels="other", trained_on="other"))
    assert made == []
    path = tree / "metadata.csv"
    path.write_text(path.read_text() + "\n")
    windows_of()
    assert made == ["read"]
    windows_of()
    assert made == []
    # A damaged entry is made anew.
    for entry in own_cache.glob("pmemo-*"):
        (entry / "inputs.npy").write_bytes(b"damaged")
    windows_of()
    assert made == ["read"]


def test_files_behind_a_link_count(songs: Path, own_cache: Path, tmp_path: Path) -> None:
    real = Path(shutil.copytree(songs, tmp_path / "real"))
    root = tmp_path / "root"
    root.mkdir()
    for name in ("EDA", "annotations"):
        (root / name).symlink_to(real / name, target_is_directory=True)
    whole = get(root, own_cache)
    assert whole == (20, True)
    assert get(root, own_cache) == (20, False)
    files = sorted((real / "EDA").glob("*_EDA.csv"))
    for path in files[::2]:
        path.unlink()
    assert get(root, own_cache) == (10, True)
    files[1].write_text(files[1].read_text() + "\n")
    assert get(root, own_cache)[1]


def test_ratings_beside_the_folder_of_deap_count(tmp_path: Path) -> None:
    root = tmp_path / "deap" / "data_preprocessed_python"
    root.mkdir(parents=True)
    (root / "s01.dat").write_bytes(b"data")
    source = Source(name="deap", root=root)
    keys = [cache.key(source, CONTRACT, 10.0, False)]
    for text in ("1", "2"):
        (root.parent / "participant_ratings.csv").write_text(text)
        keys.append(cache.key(source, CONTRACT, 10.0, False))
    assert len(set(keys)) == 3


def test_replaced_music_features_make_another_run(tree: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(tree, tmp_path / "tree"))
    options = ("--music", "--folds", "1", "--target", "arousal", "--epochs", "1")
    assert call(root, tmp_path / "out", *options).exit_code == 0
    assert "Nothing to do" in call(root, tmp_path / "out", *options).output
    path = root / "features" / "static_features.csv"
    head, *rows = path.read_text().splitlines()
    turned = [",".join([row.split(",")[0], *row.split(",")[:0:-1]]) for row in rows]
    path.write_text("\n".join([head, *turned]) + "\n")
    again = call(root, tmp_path / "out", *options)
    assert again.exit_code == 0 and "Nothing to do" not in again.output


def test_moved_data_is_the_same_data(songs: Path, own_cache: Path, tmp_path: Path) -> None:
    one = Path(shutil.copytree(songs, tmp_path / "one"))
    get(one, own_cache)
    assert not get(one.rename(tmp_path / "other"), own_cache)[1]


OPENED = """
import sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, args: opened.add(str(args[0])) if event == "open" else None)
from training.datasets import registry
source = registry.Source(name=sys.argv[1], root=Path(sys.argv[2]))
registry.load(source)
hashed = set(map(str, registry.files(source)))
print(*sorted(path for path in opened if path.startswith(sys.argv[3]) and path not in hashed))
"""


@pytest.mark.parametrize("name", ["pmemo", "amigos"])
def test_every_file_that_is_read_is_hashed(name: str, tmp_path: Path) -> None:
    """Nobody lists them: what a loader opened must be among what the key is made of."""
    if name == "pmemo":
        pmemo.write(tmp_path, 3, 3, seed=1)
    else:
        amigos.write(tmp_path, 2, seed=1)
    done = subprocess.run(
        [sys.executable, "-c", OPENED, name, str(tmp_path), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == []
    assert registry.files(Source(name=name, root=tmp_path))


def test_labels_do_not_depend_on_how_windows_are_cut(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some trials are too short for the longer window; their ratings count all the same."""
    rng = np.random.default_rng(0)
    recordings = [
        Recording(
            subject, f"{n}", Samples(np.arange(8 * seconds) / 8.0, rng.normal(5, 1, 8 * seconds)),
            {"arousal": rng.uniform(1, 9), "valence": rng.uniform(1, 9)},
        )
        for subject in "abc"
        for n in range(8)
        for seconds in (20 if n % 2 else 60,)
    ]  # fmt: skip
    data = Dataset("eevr", "-", recordings, (1.0, 9.0))
    monkeypatch.setattr(registry, "load", lambda source: data)
    monkeypatch.setattr(registry, "files", lambda source: [])
    found = []
    for window_s in (10.0, 30.0):
        contract = dataclasses.replace(CONTRACT, window_s=window_s)
        for _ in ("made", "from the cache"):
            left, windows, classes = prepare(
                Source(name="eevr", root=tmp_path), contract, 10.0, False, "midpoint", own_cache,
                Console(quiet=True),
            )  # fmt: skip
            assert len(left.recordings) == int(windows.recording.max()) + 1
            keys = [(r.subject, r.stimulus) for r in left.recordings]
            found.append(dict(zip(keys, classes.classes["arousal"].tolist(), strict=True)))
    short, again, long, _ = found
    assert len(short) == 24 and len(long) == 12 and short == again
    assert long == {key: short[key] for key in long}


def test_what_was_not_used_for_longest_goes_first(songs: Path, own_cache: Path) -> None:
    for stride_s in (10.0, 9.0, 8.0):
        cache.windows(Source(name="pmemo", root=songs), CONTRACT, stride_s, folder=own_cache)
    held = store.entries(own_cache)
    assert len(held) == 3
    oldest_first = held[::-1]
    for number, entry in enumerate(oldest_first):
        os.utime(entry.folder, (1000 + number, 1000 + number))
    # Reading the oldest makes it the newest.
    assert store.read(oldest_first[0].folder) is not None
    assert store.entries(own_cache)[0].folder == oldest_first[0].folder
    size = sum(entry.size for entry in held)
    removed = store.prune(own_cache, size - 1)
    assert [entry.folder for entry in removed] == [oldest_first[1].folder]
    # The one that was just made stays, whatever its size.
    get(songs, own_cache, stride_s=7.0, limit_gb=1e-9)
    assert len(store.entries(own_cache)) == 1
    assert not get(songs, own_cache, stride_s=7.0)[1]


def test_what_a_killed_run_left_goes_after_a_day(own_cache: Path) -> None:
    for age, name in ((0, ".partial-new"), (100_000, ".partial-old")):
        (own_cache / name).mkdir()
        then = (own_cache / name).stat().st_mtime - age
        os.utime(own_cache / name, (then, then))
    store.prune(own_cache, 1e9)
    assert [path.name for path in own_cache.iterdir()] == [".partial-new"]


def test_a_run_killed_while_it_removes_an_entry(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = own_cache / "synthetic-0"
    entry.mkdir(parents=True)
    (entry / "dataset.json").write_text("{}")
    (entry / "inputs.npy").write_text("0" * 1000)
    with monkeypatch.context() as killed:
        # The description goes first: what is left would be seen by nobody.
        killed.setattr(shutil, "rmtree", lambda path, **_: (path / "dataset.json").unlink())
        store.prune(own_cache, 0)
    assert store.entries(own_cache) == []
    for left in own_cache.iterdir():
        os.utime(left, (0, 0))
    store.prune(own_cache, 1e9)
    assert list(own_cache.iterdir()) == []


def test_an_entry_that_is_still_being_written_is_none(own_cache: Path) -> None:
    partial = own_cache / f"{store._PARTIAL}other"
    partial.mkdir(parents=True)
    (partial / "dataset.json").write_text("{}")
    assert store.entries(own_cache) == store.prune(own_cache, 0) == []
    assert partial.is_dir()


def test_pruning_beside_a_run_that_names_its_entry(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = own_cache / f"{store._PARTIAL}other"
    own_cache.mkdir(exist_ok=True)
    glob = Path.glob

    def found(self: Path, pattern: str) -> list[Path]:
        return [gone] if pattern.startswith(store._PARTIAL) else list(glob(self, pattern))

    monkeypatch.setattr(Path, "glob", found)
    assert store.prune(own_cache, 0) == []


def test_the_cache_is_shown(songs: Path, own_cache: Path) -> None:
    get(songs, own_cache)
    shown = CliRunner().invoke(run.main, ["--cache-info", "--cache", str(own_cache)])
    assert shown.exit_code == 0
    assert f"{own_cache}: 1 entries" in shown.output and "pmemo-" in shown.output
    assert CliRunner().invoke(run.main, []).exit_code == 2
