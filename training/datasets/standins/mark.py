"""The mark of simulated files that are a published data set's in form."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from training.compute.files import write_whole
from training.datasets.recordings import Dataset

_NAME = "SIMULATED.txt"
_TEXT = (
    "The files of this folder were simulated by rtcan. They have the form of a published data set, "
    "and nothing of it in them; no person felt any of it.\n"
)


def mark(folder: Path) -> None:
    """Write the mark into a folder of simulated files."""
    write_whole(folder / _NAME, _TEXT.encode())


def named(data: Dataset, folder: Path) -> Dataset:
    """Return a data set that says so if its folder is marked: a model's card quotes it."""
    if not (folder / _NAME).is_file():
        return data
    return dataclasses.replace(
        data,
        trained_on=f"simulated people in the format of {data.trained_on}",
        notes=("Simulated data in the publisher's format: no person felt any of it.", *data.notes),
    )
