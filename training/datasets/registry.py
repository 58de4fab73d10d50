"""Data sets by name."""

from __future__ import annotations

from pathlib import Path

from device.errors import DatasetError
from training.datasets import eevr, synthetic
from training.datasets.names import NAMES
from training.datasets.recordings import Dataset


def load(name: str, data_root: Path | None, seed: int = 0) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    data_root : Path or None
        Where its files are; the synthetic one has none.
    seed : int
        Of the simulation.

    Raises
    ------
    DatasetError
        If it is unknown, missing or damaged.
    """
    if name == "synthetic":
        return synthetic.load(seed)
    root = data_root or Path("data") / name
    if name == "eevr":
        return eevr.load(root)
    raise DatasetError(f"There is no data set {name!r}; there are: {', '.join(NAMES)}")
