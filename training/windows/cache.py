"""Windows on disk, so that a data set is read and decomposed once.

An entry is found by a hash of everything that its windows depend on: the contents of the files and
how they are read, the contract, the stride, and the program that reads, resamples and decomposes.
What is not exactly the same is not found, so nothing stale is ever read.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from runtime.preprocessing.contract import Contract
from training.compute.contents import contents
from training.compute.fingerprint import code, fingerprint
from training.compute.workers import Workers
from training.datasets import registry
from training.datasets.recordings import Dataset
from training.datasets.registry import Source
from training.windows import store
from training.windows.cut import Windows, cut, without_samples
from training.windows.sittings import order_note

# What changes no number in a window; every other field of the contract is hashed.
_WORDS = ("targets", "labels", "trained_on", "not_live", "music_mean", "music_std", "hop_s")
_GB = 1e9
LIMIT_GB = 20.0


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
    limit_gb: float = LIMIT_GB,
    workers: Workers | None = None,
    reading: Callable[[], None] = lambda: None,
    cutting: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[Dataset, Windows]:
    """Return a data set without its samples, and its windows: from the cache, or made and kept.

    All recordings are there, those without any window too: labels are drawn from all ratings.

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
    limit_gb : float
        What the cache may hold, in 10^9 bytes; beyond it the least recently used entries go. The
        one just made stays.
    workers : Workers or None
        What decomposes; None for a process a core.
    reading : callable
        Told when the files have to be read.
    cutting : callable
        Told how many recordings or sittings are done, of how many.

    Raises
    ------
    device.errors.DatasetError
        If the data is missing or damaged, or gives no window.
    """
    entry = None
    if folder is not None:
        store.make(folder)
        entry = folder / f"{source.name}-{key(source, contract, stride_s, whole_trial, folder)}"
        found = store.read(entry)
        if found is not None:
            return found
    reading()
    data = registry.load(source)
    made = cut(data, contract, stride_s, whole_trial=whole_trial, workers=workers, progress=cutting)
    if contract.personal:
        data = dataclasses.replace(data, notes=(*data.notes, order_note(data)))
    kept = without_samples(data), made
    if folder is not None and entry is not None:
        store.write(entry, *kept)
        store.prune(folder, limit_gb * _GB, keep=entry)
    return kept


def key(
    source: Source,
    contract: Contract,
    stride_s: float,
    whole_trial: bool,
    memory: Path | None = None,
) -> str:
    """Return a hash of everything that the windows depend on, 32 hexadecimal digits.

    Parameters
    ----------
    source, contract, stride_s, whole_trial
        See `windows`.
    memory : Path or None
        See `training.compute.contents.contents`.
    """
    root = registry.find_root(source)
    held = "" if root is None else contents(root, registry.files(source), memory)
    constants = dataclasses.asdict(contract)
    for name in _WORDS:
        del constants[name]
    if contract.personal:  # the reference is updated once a hop
        constants["hop_s"] = contract.hop_s
    how = dataclasses.replace(source, root=None, labels_csv=None)  # their contents are held
    return fingerprint(how, held, constants, stride_s, whole_trial, code(__name__))


def describe(folder: Path, limit_gb: float = LIMIT_GB) -> str:
    """Return in words what the cache holds, the most recently used first."""
    held = store.entries(folder)
    used_gb = sum(entry.size for entry in held) / _GB
    lines = [f"{folder}: {len(held)} entries, {used_gb:.2f} GB of at most {limit_gb:g} GB"]
    lines += [
        f"  {store.used(entry)}  {entry.size / 1e6:9.1f} MB  {entry.folder.name}" for entry in held
    ]
    return "\n".join(lines)
