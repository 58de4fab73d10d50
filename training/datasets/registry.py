"""Data sets by name, and where their files are looked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from device.errors import DatasetError
from training.compute.contents import files_under
from training.datasets import amigos, deap, e4, eevr, pmemo, prepared, stress_predict, synthetic
from training.datasets.names import NAMES, PUBLISHED, STANDINS
from training.datasets.recordings import Dataset
from training.datasets.standins import mark

_HOW_TO_GET = {
    "eevr": eevr.HOW_TO_GET,
    "stress-predict": stress_predict.HOW_TO_GET,
    "e4": e4.HOW_TO_GET,
    "deap": deap.HOW_TO_GET,
    "amigos": amigos.HOW_TO_GET,
    "pmemo": pmemo.HOW_TO_GET,
}
# Files that are looked for in the folders above a data set's, too.
_BESIDE = (deap.PARTICIPANT_RATINGS, mark.NAME)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Which data, and how to read it.

    Attributes
    ----------
    name : str
        One of `NAMES`.
    root : Path or None
        Folder of its files; None looks in the usual places.
    gsr_unit : str
        See `training.datasets.signals.units`.
    prepared : bool
        Whether the folder is one that the published code made for itself.
    music : bool
        Whether to read music features too.
    seed : int
        Of the simulation.
    labels_csv : Path or None
        The table of segments that goes with "e4", see `training.datasets.e4`.
    """

    name: str
    root: Path | None = None
    gsr_unit: str = "auto"
    prepared: bool = False
    music: bool = False
    seed: int = 0
    labels_csv: Path | None = None


def find_root(source: Source) -> Path | None:
    """Return the folder that holds the files; None for simulated data.

    Without one given, it is `$RTCAN_DATA/<name>` or `data/<name>`, whichever is there first.

    Raises
    ------
    DatasetError
        If there is none, with how to get the data.
    """
    if source.name == "synthetic":
        return None
    if source.name not in NAMES:
        raise DatasetError(f"There is no data set {source.name!r}; there are: {', '.join(NAMES)}")
    places = [Path("data") / source.name]
    if os.environ.get("RTCAN_DATA"):
        places.insert(0, Path(os.environ["RTCAN_DATA"]) / source.name)
    if source.root is not None:
        places = [source.root]
    for place in places:
        if place.is_dir():
            return place
    looked = " and no ".join(map(str, places))
    hint = "" if source.name not in STANDINS else (
        " To try without it: python -m training.datasets.standin --dataset "
        f"{source.name} --out data/{source.name} writes simulated data in its format;"
    )  # fmt: skip
    raise DatasetError(
        f"There is no folder {looked}. {_HOW_TO_GET[source.name]}{hint} and --dataset synthetic "
        "needs no files at all."
    )


def files(source: Source) -> list[Path]:
    """Return every file that reading a data set may depend on: those of its folder, and beside it.

    Raises
    ------
    DatasetError
        If there is no such folder.
    """
    root = find_root(source)
    if root is None:
        return []
    above = dict.fromkeys((*root.absolute().parents, *root.resolve().parents))
    beside = [folder / name for folder in above for name in _BESIDE]
    if source.labels_csv is not None:
        beside.append(source.labels_csv)
    return [*files_under(root), *(path for path in beside if path.is_file())]


def load(source: Source) -> Dataset:
    """Read a data set.

    Raises
    ------
    DatasetError
        If it is unknown, missing or damaged.
    """
    root = find_root(source)
    data = _read(source, root)
    return data if root is None else mark.named(data, root)


def _read(source: Source, root: Path | None) -> Dataset:
    if source.prepared and source.name not in PUBLISHED:
        raise DatasetError(f"--prepared is for {', '.join(PUBLISHED)}; {source.name} has no such")
    if source.music and source.name != "pmemo":
        raise DatasetError(f"--music needs songs; only pmemo has any, not {source.name}")
    if source.labels_csv is not None and source.name != "e4":
        raise DatasetError(f"--labels-csv goes with --dataset e4; {source.name} has its own labels")
    if root is None:
        return synthetic.load(source.seed)
    if source.prepared:
        return prepared.load(source.name, root, source.music)
    if source.name == "eevr":
        return eevr.load(root)
    if source.name == "stress-predict":
        return stress_predict.load(root)
    if source.name == "e4":
        return e4.load(root, source.labels_csv)
    if source.name == "deap":
        return deap.load(root, source.gsr_unit)
    if source.name == "amigos":
        return amigos.load(root, source.gsr_unit)
    return pmemo.load(root, source.music)
