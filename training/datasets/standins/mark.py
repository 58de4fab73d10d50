"""The mark of simulated files that are a published data set's in form.

It lies in every folder of a stand-in that may be given as `--data-root`, or be copied alone; it is
looked for in the folder that is read, in those that hold it, and in those within that are read too.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from runtime.files import write_whole
from training.datasets.recordings import Dataset

NAME = "SIMULATED.txt"
_TEXT = (
    "The files of this folder, and of the folders in it, were simulated by rtcan. They have the "
    "form of a published data set, and nothing of it in them; no person felt any of it.\n"
)
# Folders within a root that data sets are read from.
_WITHIN = ("data_preprocessed_python", "data_preprocessed_matlab", "EDA", "Raw_data", "img", "txt")


def mark(folder: Path) -> None:
    """Write the mark into a folder of simulated files."""
    write_whole(folder / NAME, _TEXT.encode())


def is_marked(folder: Path) -> bool:
    """Return whether a folder's files are simulated: it, a folder above or a part of it says so."""
    places = {
        *(
            above
            for path in (folder.absolute(), folder.resolve())
            for above in (path, *path.parents)
        ),
        *(folder / name for name in _WITHIN),
    }
    return any((place / NAME).is_file() for place in places)


def named(data: Dataset, folder: Path) -> Dataset:
    """Return a data set that says so if its folder is marked: a model's card quotes it."""
    if not is_marked(folder):
        return data
    return dataclasses.replace(
        data,
        trained_on=f"simulated people in the format of {data.trained_on}",
        notes=("Simulated data in the publisher's format: no person felt any of it.", *data.notes),
    )
