"""AMIGOS: 40 people, 16 short and 4 long videos, with their own ratings.

Miranda-Correa et al., "AMIGOS: A Dataset for Affect, Personality and Mood Research on Individuals
and Groups", IEEE Trans. Affective Computing 12(2), 2021. Read as published:
`Data_Preprocessed_PXX.mat`, loose, in a folder of the same name, or zipped. Each holds
`joined_data` and `labels_selfassessment`, (1, 20) cells: 0 to 15 the short videos, 16 to 19 the
long ones. A trial is (samples, 17), time first, 128 Hz, its first 5 s rest; GSR is the last column.
A self-assessment is (1, 12): AROUSAL first, then valence (unlike DEAP), 1 to 9.

Cells can be empty, samples NaN and ratings 0, which is none: such trials are counted. Three
subjects have no long videos. Whether the GSR is conductance or resistance is disputed: see
`--gsr-unit`.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from training.datasets.parsers.matlab import read_mat
from training.datasets.recordings import Dataset, Recording
from training.datasets.signals.trials import Tally, usable_trials

RATE_HZ = 128.0
BASELINE_S = 5.0
VIDEOS = 20
COLUMNS = 17
GSR_COLUMN = 16
AROUSAL, VALENCE = 0, 1
# What a form that was not filled in left behind. Where it is everywhere, the columns are others.
_ZERO = "self-assessment of 0, which is no rating"
_MOST_UNRATED = 0.5
_NAME = re.compile(r"Data_Preprocessed_(P\d\d)")
_KEYS = ("joined_data", "labels_selfassessment")
HOW_TO_GET = (
    "AMIGOS is given to researchers who sign its licence (eecs.qmul.ac.uk/mmv/datasets/amigos): "
    "give the folder with Data_Preprocessed_P01.mat (or .zip) and the others as --data-root."
)


def load(root: Path, gsr_unit: str = "auto") -> Dataset:
    """Read all subjects under a folder, all 20 videos.

    Parameters
    ----------
    root : Path
        Holds Data_Preprocessed_PXX as .mat, folder or .zip.
    gsr_unit : "auto", "ohm" or "us"
        Unit of the channel.

    Raises
    ------
    DatasetError
        Naming the file, the subject and the trial at fault.
    """
    recordings: list[Recording] = []
    tally = Tally()
    unrated = trials = files = 0
    for subject, name, source in _files(root):
        files += 1
        data = read_mat(source, name, _KEYS)
        cells = {key: _cells(data[key], name, key) for key in _KEYS}
        raw: dict[str, FloatArray] = {}
        ratings: dict[str, dict[str, float]] = {}
        for video in range(VIDEOS):
            where = f"{name}: subject {subject}, video {video + 1}"
            gsr = _gsr(cells["joined_data"][video], where)
            rated = _ratings(cells["labels_selfassessment"][video], where)
            if gsr.size == 0:
                tally.skipped["empty trial"] += 1
                continue
            trials += 1
            if rated is None:
                tally.skipped["no self-assessment"] += 1
            elif 0 in rated.values():
                tally.skipped[_ZERO] += 1
                unrated += 1
            else:
                raw[f"{video + 1:02d}"], ratings[f"{video + 1:02d}"] = gsr, rated
        recordings += [
            Recording(
                subject=subject,
                stimulus=stimulus,
                samples=Samples(np.arange(eda_us.size) / RATE_HZ, eda_us),
                ratings=ratings[stimulus],
                stimulus_start_s=BASELINE_S,
            )
            for stimulus, eda_us in usable_trials(raw, gsr_unit, tally).items()
        ]
    if not files:
        raise DatasetError(f"There is no Data_Preprocessed_P01.mat in {root}. {HOW_TO_GET}")
    if unrated > _MOST_UNRATED * trials:
        raise DatasetError(
            f"{unrated} of {trials} trials under {root} have a self-assessment of 0; 1 to 9 was "
            "expected: are the label columns in another order?"
        )
    if not recordings:
        raise DatasetError(f"No trial under {root} can be used: {dict(tally.skipped)}")
    people = len({recording.subject for recording in recordings})
    return Dataset(
        "amigos",
        f"AMIGOS ({people} people, videos)",
        recordings,
        (1.0, 9.0),
        tally.skipped,
        tally.notes(),
    )


def _files(root: Path) -> Iterator[tuple[str, str, Path | bytes]]:
    """Yield subject, file name and file or content, sorted by subject."""
    found: dict[str, Path] = {}
    for pattern in ("*.mat", "*/*.mat", "*.zip"):
        for path in sorted(root.glob(f"Data_Preprocessed_P{pattern}")):
            match = _NAME.fullmatch(path.stem)
            if match:
                found.setdefault(match[1], path)
    for subject, path in sorted(found.items()):
        if path.suffix == ".mat":
            yield subject, path.name, path
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                inside = [n for n in archive.namelist() if n.endswith(f"{path.stem}.mat")]
                if not inside:
                    raise DatasetError(f"{path.name} holds no {path.stem}.mat")
                content = archive.read(inside[0])
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DatasetError(f"{path.name} is damaged ({error}); download it again") from error
        yield subject, path.name, content


def _cells(value: Any, name: str, key: str) -> NDArray[np.object_]:
    if not isinstance(value, np.ndarray) or value.dtype != object or value.size != VIDEOS:
        found = getattr(value, "shape", type(value).__name__)
        raise DatasetError(f"{name}: '{key}' is {found}; (1, {VIDEOS}) cells were expected")
    return value.reshape(-1)


def _gsr(cell: Any, where: str) -> FloatArray:
    """Return the GSR column (n,) of a trial; nothing of an empty cell."""
    trial = np.asarray(cell)
    if trial.size == 0:
        return np.empty(0)
    if trial.ndim != 2 or trial.shape[1] != COLUMNS or trial.dtype.kind not in "fiu":
        raise DatasetError(
            f"{where}: the trial is {trial.dtype} {trial.shape}; numbers (samples, {COLUMNS}) were "
            "expected"
        )
    return np.array(trial[:, GSR_COLUMN], dtype=np.float64)


def _ratings(cell: Any, where: str) -> dict[str, float] | None:
    labels = np.asarray(cell)
    if labels.size == 0:
        return None
    if labels.shape != (1, 12) or labels.dtype.kind not in "fiu":
        raise DatasetError(
            f"{where}: the self-assessment is {labels.dtype} {labels.shape}; numbers (1, 12) were "
            "expected"
        )
    ratings = {"arousal": float(labels[0, AROUSAL]), "valence": float(labels[0, VALENCE])}
    if any(np.isnan(value) for value in ratings.values()):
        return None
    for what, value in ratings.items():
        if value != 0 and not 1 <= value <= 9:
            raise DatasetError(
                f"{where} has {what} {value:g}; 1 to 9 was expected: are the label columns in "
                "another order?"
            )
    return ratings
