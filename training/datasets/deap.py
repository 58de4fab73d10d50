"""DEAP: 32 people, 40 music videos each, with their ratings.

Koelstra et al., "DEAP: A Database for Emotion Analysis Using Physiological Signals", IEEE Trans.
Affective Computing 3(1), 2012. Read as published: `data_preprocessed_python/sNN.dat` (pickles of
Python 2) or `data_preprocessed_matlab/sNN.mat`; both hold `data` (40 trials, 40 channels, 8064
samples at 128 Hz: 3 s of rest, 60 s of video) and `labels` (40, 4): valence, arousal, dominance,
liking, 1 to 9. Trials stand in the order of their video's number.

The skin-conductance channel is called GSR and is a resistance in ohms (its readme: "values from
Twente converted to Geneva format"), in some trials with its mean removed; see
`training.datasets.signals.units`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from training.datasets.parsers.matlab import read_mat
from training.datasets.parsers.pickles import read_arrays
from training.datasets.parsers.tables import number_rows
from training.datasets.recordings import Dataset, Recording
from training.datasets.signals.trials import Tally, usable_trials

RATE_HZ = 128.0
BASELINE_S = 3.0
SHAPE = (40, 40, 8064)
GSR_CHANNEL = 36
VALENCE, AROUSAL = 0, 1
PARTICIPANT_RATINGS = "participant_ratings.csv"
# The resampler needs 0.375 s after the last value that it gives, and the recording ends with the
# video: a window of 60 s fits only if it begins half a second before the video.
_START_S = BASELINE_S - 0.5
HOW_TO_GET = (
    "DEAP is given to researchers who sign its licence (eecs.qmul.ac.uk/mmv/datasets/deap): unpack "
    "data_preprocessed_python.zip and give the folder with s01.dat to s32.dat as --data-root."
)


def load(root: Path, gsr_unit: str = "auto") -> Dataset:
    """Read all subjects under a folder.

    Parameters
    ----------
    root : Path
        Holds sNN.dat or sNN.mat, or one of the two folders that do.
    gsr_unit : "auto", "ohm" or "us"
        Unit of the channel.

    Raises
    ------
    DatasetError
        Naming the file, the subject and the trial at fault.
    """
    files = _files(root)
    if not files:
        raise DatasetError(f"There is no s01.dat or s01.mat in {root}. {HOW_TO_GET}")
    known, turns = _participant_ratings(root)
    recordings: list[Recording] = []
    tally = Tally()
    for subject, path in files:
        gsr, labels = _read(path)
        _check_ratings(labels, path.name, subject, known)
        rated = {}
        for number, trial in enumerate(gsr):
            if np.isnan(labels[number, : AROUSAL + 1]).any():
                tally.skipped["no rating"] += 1
            else:
                rated[f"{number + 1:02d}"] = trial
        for video, eda_us in usable_trials(rated, gsr_unit, tally).items():
            row = labels[int(video) - 1]
            recordings.append(
                Recording(
                    subject=subject,
                    stimulus=video,
                    samples=Samples(np.arange(eda_us.size) / RATE_HZ, eda_us),
                    ratings={"arousal": float(row[AROUSAL]), "valence": float(row[VALENCE])},
                    stimulus_start_s=_START_S,
                    turn=turns.get((subject, int(video)), 0),
                )
            )
    if not recordings:
        raise DatasetError(f"No trial under {root} can be used: {dict(tally.skipped)}")
    people = len({recording.subject for recording in recordings})
    return Dataset(
        "deap",
        f"DEAP ({people} people, music videos)",
        recordings,
        (1.0, 9.0),
        tally.skipped,
        tally.notes(),
    )


def _files(root: Path) -> list[tuple[str, Path]]:
    """Return (subject, file), sorted; .dat before .mat where both are there."""
    found: dict[str, Path] = {}
    for folder in (root, root / "data_preprocessed_python", root / "data_preprocessed_matlab"):
        for suffix in (".dat", ".mat"):
            for path in sorted(folder.glob(f"s*{suffix}")):
                if re.fullmatch(r"s\d\d", path.stem):
                    found.setdefault(path.stem, path)
    return sorted(found.items())


def _read(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return the GSR channel (trials, samples) and the labels (trials, 4)."""
    data = (
        read_arrays(path)
        if path.suffix == ".dat"
        else read_mat(path, path.name, ("data", "labels"))
    )
    if not isinstance(data, dict) or not {"data", "labels"} <= set(data):
        found = sorted(map(str, data)) if isinstance(data, dict) else type(data).__name__
        raise DatasetError(
            f"{path.name} holds {found}; a dictionary with 'data' and 'labels' was expected"
        )
    for key, shape in (("data", SHAPE), ("labels", (SHAPE[0], 4))):
        _check_array(data[key], path.name, key, shape)
    # A copy, so that the other 39 channels can go.
    return (
        data["data"][:, GSR_CHANNEL, :].astype(np.float64),
        np.asarray(data["labels"], dtype=np.float64),
    )


def _check_array(value: Any, name: str, key: str, shape: tuple[int, ...]) -> None:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.shape != shape:
        found = (
            f"{value.dtype} {value.shape}"
            if isinstance(value, np.ndarray)
            else type(value).__name__
        )
        raise DatasetError(f"{name}: '{key}' is {found}; numbers {shape} were expected")


def _check_ratings(
    labels: FloatArray, name: str, subject: str, known: dict[tuple[str, int], tuple[float, float]]
) -> None:
    for number, row in enumerate(labels):
        for what, value in (("valence", row[VALENCE]), ("arousal", row[AROUSAL])):
            if value < 1 or value > 9:
                raise DatasetError(
                    f"{name}: subject {subject}, trial {number + 1} has {what} {value:g}; 1 to 9 "
                    "was expected: are the label columns in another order?"
                )
        told = known.get((subject, number + 1))
        if told is not None and not np.allclose(told, row[: AROUSAL + 1], atol=0.011):
            raise DatasetError(
                f"{name}: subject {subject}, trial {number + 1} has valence {row[VALENCE]:g} and "
                f"arousal {row[AROUSAL]:g}, but participant_ratings.csv says {told[0]:g} and "
                f"{told[1]:g}: are the label columns swapped?"
            )


def _participant_ratings(
    root: Path,
) -> tuple[dict[tuple[str, int], tuple[float, float]], dict[tuple[str, int], int]]:
    """Return (valence, arousal) and the place in the sitting, by subject and video.

    Of the optional table; without it, or its column Trial, nothing is known.
    """
    for path in (root / PARTICIPANT_RATINGS, root.parent / PARTICIPANT_RATINGS):
        if path.is_file():
            columns = ("Participant_id", "Experiment_id", "Valence", "Arousal")
            with path.open(newline="", encoding="utf-8-sig") as lines:
                header = [cell.strip() for cell in lines.readline().split(",")]
                lines.seek(0)
                trial = ("Trial",) if "Trial" in header else ()
                rows = {
                    (f"s{int(float(row[0])):02d}", int(float(row[1]))): list(map(float, row[2:]))
                    for row in number_rows(lines, path.name, (*columns, *trial))
                }
            known = {key: (row[0], row[1]) for key, row in rows.items()}
            return known, {key: int(row[2]) for key, row in rows.items() if trial}
    return {}, {}
