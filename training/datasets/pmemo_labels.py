"""PMEmo's ratings and classes, in the three forms that are about."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from training.datasets.parsers.tables import number_rows

RANGE = (0.0, 1.0)
# Ratings at 2 Hz, of which the first 15 s are orientation.
_RATE_HZ = 2.0
_ORIENTATION_S = 15.0

SONG_NOTE = (
    "This release has no ratings by subject: every listener of a song has the song's mean rating "
    "as label, so these figures say how songs, not people, are told apart."
)
SUBJECT_NOTE = "Ratings: each subject's own, mean after the first 15 s."
VALUE_ALL_NOTE = "Classes as the published code decided them (value_all.csv)."

Ratings = dict[str, dict[str, float]]
Classes = dict[tuple[str, str], dict[str, int]]


def by_song(root: Path) -> Ratings:
    """Read `annotations/static_annotations.csv`: ratings by song, 0 to 1."""
    path = root / "annotations" / "static_annotations.csv"
    if not path.is_file():
        raise DatasetError(
            f"There is no {path}, and no value_all.csv in {root} either: PMEmo's labels are missing"
        )
    ratings: Ratings = {}
    columns = ("musicId", "Arousal(mean)", "Valence(mean)")
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for song, arousal, valence in number_rows(lines, path.name, columns):
            values = {"arousal": float(arousal), "valence": float(valence)}
            _check(values, f"{path.name}: song {song}")
            ratings[str(int(float(song)))] = values
    return ratings


def by_subject(root: Path, target: str) -> dict[tuple[str, str], float]:
    """Read `Annotations/<Target>/<song>-<letter>.csv`: mean rating by (subject, song), 0 to 1."""
    letter = target[0].upper()
    folder = root / "Annotations" / target.capitalize()
    files = sorted(folder.glob(f"*-{letter}.csv"))
    if not files:
        raise DatasetError(
            f"There is no <song>-{letter}.csv in {folder}, and no value_all.csv in {root} either: "
            "PMEmo's labels are missing"
        )
    first = int(_ORIENTATION_S * _RATE_HZ)
    ratings = {}
    for path in files:
        song = path.stem.removesuffix(f"-{letter}")
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.reader(lines)
            for row in rows:
                if not row or not row[0].strip().isdigit():
                    continue  # a header
                subject = row[0].strip()
                try:
                    values = [float(cell) for cell in row[1 + first :] if cell.strip()]
                except ValueError as error:
                    raise DatasetError(
                        f"{path.name}, line {rows.line_num}: {error}; ratings were expected"
                    ) from error
                if not values:
                    continue
                mean = float(np.mean(values))
                _check({target: mean}, f"{path.name}: subject {subject}, song {song}")
                ratings[subject, song] = mean
    return ratings


def value_all(root: Path) -> Classes | None:
    """Read the published code's `value_all.csv`, with or without a header, where it is there."""
    path = root / "value_all.csv"
    if not path.is_file():
        return None
    return read_classes(path, subject=0, item=1, arousal=2, valence=3)


def read_classes(path: Path, *, subject: int, item: int, arousal: int, valence: int) -> Classes:
    """Read a table of classes 0 and 1 whose columns are known by number only.

    Raises
    ------
    DatasetError
        Naming the line at fault.
    """
    if not path.is_file():
        raise DatasetError(f"There is no {path}, which holds the classes")
    classes: Classes = {}
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.reader(lines)
        for row in rows:
            try:
                who, what = (str(int(float(row[i]))) for i in (subject, item))
                values = {"arousal": float(row[arousal]), "valence": float(row[valence])}
            except (IndexError, ValueError) as error:
                if rows.line_num == 1 or not row:
                    continue  # a header
                raise DatasetError(
                    f"{path.name}, line {rows.line_num}: {row[:8]!r} is damaged; numbers were "
                    f"expected in columns {sorted((subject, item, arousal, valence))}"
                ) from error
            if not set(values.values()) <= {0.0, 1.0}:
                raise DatasetError(
                    f"{path.name}, line {rows.line_num}: the classes are {values}; 0 or 1 was "
                    "expected: are the columns in another order?"
                )
            classes[who, what] = {name: int(value) for name, value in values.items()}
    if not classes:
        raise DatasetError(f"{path.name} holds no classes")
    return classes


def _check(values: dict[str, float], where: str) -> None:
    for what, value in values.items():
        if not RANGE[0] <= value <= RANGE[1]:
            raise DatasetError(
                f"{where} has {what} {value:g}; {RANGE[0]:g} to {RANGE[1]:g} was expected: are the "
                "columns in another order?"
            )
