"""Windows on disk, so that a data set is read and decomposed once.

An entry is keyed by everything that its content depends on: where the data came from and how it was
read, name, size and time of every file, the contract, the stride, and the source code that reads,
resamples and decomposes. What is not exactly the same is not found, so nothing stale is ever read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import RtcanError
from device.samples import Samples
from runtime.preprocessing.contract import Contract
from training.compute.workers import Workers
from training.datasets import registry
from training.datasets.recordings import Dataset, Recording
from training.datasets.registry import Source
from training.windows.cut import Windows, cut, keep_usable

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[2]
# What decides the numbers in a window; the contract's other fields do not.
_CODE = (
    "runtime/preprocessing/windows.py", "runtime/preprocessing/resample.py", "runtime/cvxeda/*",
    "device/simulation/physiology.py", "device/calibration.py",
    "training/windows/cut.py", "training/windows/features.py",
    "training/windows/cache.py", "training/datasets/**/*.py",
)  # fmt: skip
_WORDS = ("targets", "labels", "trained_on", "not_live", "music_mean", "music_std", "hop_s")
_ARRAYS = ("inputs", "features", "recording")


def default_folder() -> Path:
    """Return `$RTCAN_CACHE`, or rtcan's folder in the user's cache."""
    if os.environ.get("RTCAN_CACHE"):
        return Path(os.environ["RTCAN_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtcan"


def windows(
    source: Source,
    contract: Contract,
    stride_s: float,
    *,
    whole_trial: bool = False,
    folder: Path | None = None,
    workers: Workers | None = None,
    reading: Callable[[], None] = lambda: None,
    cutting: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[Dataset, Windows]:
    """Return a data set without its samples, and its windows: from the cache, or made and kept.

    Parameters
    ----------
    source : Source
        Which data.
    contract : Contract
        All constants.
    stride_s, whole_trial
        See `training.windows.cut.cut`.
    folder : Path or None
        The cache; None to keep nothing.
    workers : Workers or None
        What decomposes; None for a process a core.
    reading : callable
        Told when the files have to be read.
    cutting : callable
        Told how many recordings are done, of how many.

    Raises
    ------
    device.errors.DatasetError
        If the data is missing or damaged, or gives no window.
    """
    entry = None
    if folder is not None:
        entry = folder / f"{source.name}-{key(source, contract, stride_s, whole_trial)}"
        found = _read(entry)
        if found is not None:
            return found
    reading()
    data = registry.load(source)
    total = len(data.recordings)
    made = cut(
        data, contract, stride_s, whole_trial=whole_trial, workers=workers,
        progress=lambda done: cutting(done, total),
    )  # fmt: skip
    kept = keep_usable(data, made)
    if entry is not None:
        _write(entry, *kept)
    return kept


def key(source: Source, contract: Contract, stride_s: float, whole_trial: bool) -> str:
    """Return the name of an entry, 32 hexadecimal digits."""
    root = registry.find_root(source)
    constants = dataclasses.asdict(contract)
    for name in _WORDS:
        del constants[name]
    parts = {
        "source": {**dataclasses.asdict(source), "root": root and str(root.resolve())},
        "files": _identities(root) if root else [],
        "contract": constants,
        "stride_s": stride_s,
        "whole_trial": whole_trial,
        "code": _code(),
        "numpy": np.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _identities(root: Path) -> list[list[Any]]:
    rows = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            facts = path.stat()
            rows.append([path.relative_to(root).as_posix(), facts.st_size, facts.st_mtime_ns])
    return rows


def _code() -> str:
    digest = hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _write(entry: Path, data: Dataset, made: Windows) -> None:
    """Write an entry, completely or not at all."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=entry.parent, prefix=".partial-"))
    except OSError as error:
        raise RtcanError(
            f"The cache {entry.parent} cannot be written: {error}. Choose another with --cache or "
            "$RTCAN_CACHE, or none with --no-cache."
        ) from error
    try:
        for name in _ARRAYS:
            np.save(partial / f"{name}.npy", getattr(made, name))
        songs = sorted(data.music)
        if songs:
            np.save(partial / "music.npy", np.stack([data.music[song] for song in songs]))
        facts = {
            "name": data.name,
            "trained_on": data.trained_on,
            "rating_range": data.rating_range,
            "skipped": data.skipped,
            "notes": data.notes,
            "song_level": data.song_level,
            "refused": made.refused,
            "songs": songs,
            "recordings": [
                {
                    "subject": r.subject,
                    "stimulus": r.stimulus,
                    "ratings": dict(r.ratings),
                    "stimulus_start_s": r.stimulus_start_s,
                    "classes": dict(r.classes),
                    "targets": r.targets,
                }
                for r in data.recordings
            ],
        }
        (partial / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
        try:
            partial.rename(entry)
        except OSError:
            # Another run wrote the same entry meanwhile.
            shutil.rmtree(partial, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _read(entry: Path) -> tuple[Dataset, Windows] | None:
    """Return an entry, or None; a damaged one is removed."""
    if not entry.is_dir():
        return None
    try:
        arrays = {name: np.load(entry / f"{name}.npy") for name in _ARRAYS}
        facts = json.loads((entry / "dataset.json").read_text(encoding="utf-8"))
        songs = facts["songs"]
        music = dict(zip(songs, np.load(entry / "music.npy"), strict=True)) if songs else {}
        recordings = [
            Recording(samples=Samples.empty(), **{**r, "targets": tuple(r["targets"])})
            for r in facts["recordings"]
        ]
        data = Dataset(
            name=facts["name"],
            trained_on=facts["trained_on"],
            recordings=recordings,
            rating_range=tuple(facts["rating_range"]),
            skipped=Counter(facts["skipped"]),
            notes=tuple(facts["notes"]),
            song_level=facts["song_level"],
            music=music,
        )
        if int(arrays["recording"].max()) + 1 != len(recordings):
            raise ValueError("windows and recordings do not belong together")
        return data, Windows(**arrays, refused=Counter(facts["refused"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        _log.warning("The cache entry %s is damaged (%s) and is made anew", entry, error)
        shutil.rmtree(entry, ignore_errors=True)
        return None
