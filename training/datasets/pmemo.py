"""PMEmo: 457 people, 794 song choruses, each song heard by at least ten of them.

Zhang, Zhang, Li, Yang, Sun, "The PMEmo Dataset for Music Emotion Recognition", ICMR 2018. Two trees
are about, and both are read as they are handed out:

- 2019: `EDA/<song>_EDA.csv` (time and one column per subject, 50 Hz, microsiemens) and
  `annotations/static_annotations.csv`. It has no ratings by subject, so that everybody who heard a
  song has the song's label.
- 2018 (the paper's): `EDA/{Arousal,Valence}/<song>_<subject>_{A,V}.csv`, because every song was
  heard twice, and `Annotations/{Arousal,Valence}/<song>-{A,V}.csv`, a row of ratings per subject at
  2 Hz, of which the first 15 s do not count.

The released code's `value_all.csv` (subject, song, arousal class, valence class), where it lies in
the root, is taken for labels with either tree. `features/static_features.csv` holds 6373 music
features per song.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from training.datasets import pmemo_labels as labels
from training.datasets.recordings import TARGETS, Dataset, Recording
from training.datasets.signals.checks import signal_fault
from training.datasets.signals.units import without_impossible

STEP_S = 0.02
MUSIC_FEATURES = 6373
# How a cell says that it holds nothing.
_NOTHING = ("", "nan", "na", "null")
HOW_TO_GET = (
    "PMEmo is free for research (github.com/HuiZhangDB/PMEmo tells where): unpack it and give the "
    "folder that holds EDA/ as --data-root."
)


@dataclass
class _Cells:
    """What was found in the cells of EDA that is no conductance of skin."""

    odd: list[str] = field(default_factory=list)
    impossible: int = 0
    seen: int = 0

    def checked(self, column: FloatArray) -> tuple[FloatArray, int]:
        """Return microsiemens (n,) without what no skin has, and how many values that were."""
        eda_us, impossible = without_impossible(column)
        self.impossible += impossible
        self.seen += int(np.count_nonzero(~np.isnan(column)))
        return eda_us, impossible

    def notes(self) -> list[str]:
        notes = []
        if self.odd:
            notes.append(
                f"{len(self.odd)} cells of EDA are no numbers and count as missing, first "
                f"{self.odd[0]}."
            )
        if self.impossible:
            notes.append(
                f"{self.impossible} of {self.seen} values of EDA are below zero or otherwise "
                "nothing that skin can have, and count as missing."
            )
        return notes


def load(root: Path, music: bool = False) -> Dataset:
    """Read either tree.

    Parameters
    ----------
    root : Path
        The folder that holds EDA.
    music : bool
        Whether to read the static music features; songs without any are then left out.

    Raises
    ------
    DatasetError
        Naming the file, the song and the subject at fault.
    """
    old = (root / "EDA" / "Arousal").is_dir() or (root / "EDA" / "Valence").is_dir()
    if not old and not any((root / "EDA").glob("*_EDA.csv")):
        raise DatasetError(f"There is no EDA/<song>_EDA.csv in {root}. {HOW_TO_GET}")
    skipped: Counter[str] = Counter()
    features = _music(root) if music else {}
    read = _read_2018 if old else _read_2019
    recordings, notes, song_level = read(root, skipped)
    if music:
        before = len(recordings)
        recordings = [r for r in recordings if r.stimulus in features]
        if before > len(recordings):
            skipped["no music features"] += before - len(recordings)
    if not recordings:
        raise DatasetError(f"No trial under {root} can be used: {dict(skipped)}")
    recordings.sort(key=lambda r: (r.subject, _number(r.stimulus), r.targets))
    people = len({recording.subject for recording in recordings})
    return Dataset(
        "pmemo",
        f"PMEmo ({people} people, songs)",
        recordings,
        labels.RANGE,
        skipped,
        tuple(notes),
        song_level,
        features,
    )


def _read_2019(root: Path, skipped: Counter[str]) -> tuple[list[Recording], list[str], bool]:
    decided = labels.value_all(root)
    by_song = {} if decided else labels.by_song(root)
    recordings = []
    cells = _Cells()
    for path in sorted((root / "EDA").glob("*_EDA.csv"), key=lambda p: _number(p.stem)):
        song = path.stem.removesuffix("_EDA")
        time_s, columns = _table(path, cells)
        for subject, column in columns.items():
            eda_us, impossible = cells.checked(column)
            classes = (decided or {}).get((subject, song), {})
            ratings = by_song.get(song, {})
            fault = signal_fault(eda_us, impossible)
            if fault is None and not classes and not ratings:
                fault = "no label"
            if fault is not None:
                skipped[fault] += 1
                continue
            samples = Samples(time_s, eda_us)
            recordings.append(Recording(subject, song, samples, ratings, classes=classes))
    if decided:
        return recordings, [labels.VALUE_ALL_NOTE, *cells.notes()], False
    return recordings, [labels.SONG_NOTE, *cells.notes()], True


def _read_2018(root: Path, skipped: Counter[str]) -> tuple[list[Recording], list[str], bool]:
    decided = labels.value_all(root)
    rated = {} if decided else {target: labels.by_subject(root, target) for target in TARGETS}
    recordings = []
    cells = _Cells()
    for target in TARGETS:
        letter = target[0].upper()
        files = (root / "EDA" / target.capitalize()).glob(f"*_{letter}.csv")
        for path in sorted(files):
            song, _, subject = path.stem.removesuffix(f"_{letter}").partition("_")
            time_s, column = _single(path, cells)
            eda_us, impossible = cells.checked(column)
            key = (subject, song)
            classes = (decided or {}).get(key, {})
            ratings = {t: values[key] for t, values in rated.items() if key in values}
            fault = signal_fault(eda_us, impossible)
            if fault is None and target not in ratings and target not in classes:
                fault = "no label"
            if fault is not None:
                skipped[fault] += 1
                continue
            recordings.append(
                Recording(
                    subject, song, Samples(time_s, eda_us), ratings,
                    classes=classes, targets=(target,),
                )
            )  # fmt: skip
    notes = ["Each song was heard twice: once while arousal was rated, once while valence was."]
    notes += [labels.VALUE_ALL_NOTE if decided else labels.SUBJECT_NOTE, *cells.notes()]
    return recordings, notes, False


def _table(path: Path, cells: _Cells) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Read a song's file of 2019: time (n,) and a column (n,) per subject."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        header = [cell.strip() for cell in next(csv.reader(lines), [])]
    if len(header) < 2 or not header[0].startswith("time"):
        raise DatasetError(
            f"{path.name} begins with {','.join(header)[:60]!r}; 'time(s)' and a column per "
            "subject were expected"
        )
    table = _numbers(path, len(header), cells)
    if len(set(header)) < len(header):
        raise DatasetError(f"{path.name} has two columns of the same subject")
    time_s = _checked_time(table[:, 0], path)
    return time_s, {name: table[:, i] for i, name in enumerate(header) if i > 0}


def _single(path: Path, cells: _Cells) -> tuple[FloatArray, FloatArray]:
    """Read a file of 2018: time (n,) and skin conductance (n,)."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        header = [cell.strip() for cell in next(csv.reader(lines), [])]
    at = [i for i, cell in enumerate(header) if "EDA" in cell.upper()]
    if not at:
        raise DatasetError(
            f"{path.name} begins with {','.join(header)[:60]!r}; a column 'EDA(microsiemens)' was "
            "expected"
        )
    table = _numbers(path, len(header), cells)
    timed = [i for i, cell in enumerate(header) if cell.lower().startswith("time")]
    time_s: FloatArray = table[:, timed[0]] if timed else np.arange(len(table), dtype=np.float64)
    if not timed:
        time_s = time_s * STEP_S
    return _checked_time(time_s, path), table[:, at[0]]


def _numbers(path: Path, columns: int, cells: _Cells) -> FloatArray:
    """Return a file's numbers; what is none becomes NaN, and is told to `cells`."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()[1:]
    full = [(number, line) for number, line in enumerate(lines, start=2) if line.strip()]
    if not full:
        raise DatasetError(f"{path.name} holds no line of numbers; download it again")
    try:
        table = np.genfromtxt(
            [line for _, line in full], delimiter=",", dtype=np.float64, comments="\0",
            usecols=range(columns), ndmin=2,
        )  # fmt: skip
    except ValueError as error:
        reason = str(error).splitlines()[-1].strip()
        raise DatasetError(
            f"{path.name} is damaged ({reason}); {columns} numbers a line were expected"
        ) from error
    for row, column in np.argwhere(np.isnan(table)):
        number, line = full[row]
        cell = line.split(",")[column].strip()
        if cell.lower() not in _NOTHING:
            cells.odd.append(f"{path.name}, line {number}: {cell[:20]!r}")
    return np.asarray(table)


def _checked_time(time_s: FloatArray, path: Path) -> FloatArray:
    if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
        raise DatasetError(
            f"{path.name}: the time column does not rise from line to line; the file is damaged"
        )
    return time_s


def _music(root: Path) -> Mapping[str, NDArray[np.float32]]:
    path = root / "features" / "static_features.csv"
    if not path.is_file():
        raise DatasetError(
            f"--music needs {path}, which is not there. It comes with PMEmo; for other songs "
            "python -m training.music computes the same features."
        )
    try:
        table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise DatasetError(f"{path.name} is damaged: {error}") from error
    if table.shape[1] != MUSIC_FEATURES + 1:
        raise DatasetError(
            f"{path.name} has {table.shape[1]} columns; musicId and {MUSIC_FEATURES} features were "
            "expected"
        )
    if not np.isfinite(table).all():
        row = int(np.argmin(np.isfinite(table).all(axis=1)))
        raise DatasetError(f"{path.name}, line {row + 2}: a value is missing or infinite")
    return {str(int(row[0])): row[1:].astype(np.float32) for row in table}


def _number(name: str) -> tuple[int, str]:
    digits = name.split("_")[0]
    return (int(digits) if digits.isdigit() else 0, name)
