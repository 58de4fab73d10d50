"""The column of a table that holds skin conductance."""

from __future__ import annotations

import re
from pathlib import Path

from device.errors import DatasetError
from device.names import candidates, chosen
from device.readers.text import Table, read_table
from device.samples import FloatArray


def read_column(path: Path, column: str | None = None) -> FloatArray:
    """Return one column of a delimited text file as float64 (n,).

    Lines that start with # are comments. A first line with names is a header.

    Parameters
    ----------
    path : Path
        The file: comma, semicolon, tab or space separated.
    column : str or None
        A name from the header, or a number counted from 0; None takes the only column, or the one
        whose name says skin conductance best, as `device.names.rank` has it.

    Raises
    ------
    DatasetError
        Naming the file, the line and what was expected.
    """
    table = read_table(path)
    return table.numbers(skin_column(table, column))


# Names that say another signal. A lone column of any other name is taken for skin conductance.
_OTHERS = {
    "ecg": "an electrocardiogram", "ekg": "an electrocardiogram",
    "ppg": "a pulse wave", "bvp": "a pulse wave", "pulse": "a pulse wave",
    "hr": "a heart rate", "heartrate": "a heart rate", "ibi": "times between heart beats",
    "rsp": "breathing", "resp": "breathing", "respiration": "breathing",
    "emg": "muscle activity", "eeg": "brain activity", "eog": "movements of the eyes",
    "temp": "a temperature", "temperature": "a temperature", "skt": "a temperature",
    "acc": "an acceleration", "accx": "an acceleration", "accy": "an acceleration",
    "accz": "an acceleration", "spo2": "oxygen saturation",
}  # fmt: skip


def _other(name: str) -> str | None:
    """Return what another signal a name says; None where it says none."""
    bare = re.sub(r"[(\[].*", "", name.lower())
    return _OTHERS.get(re.sub(r"[^a-z0-9]", "", bare))


def skin_column(table: Table, column: str | None, leave_out: int | None = None) -> int:
    """Return the number of the column with skin conductance; see `read_column`.

    Parameters
    ----------
    table : Table
        The file.
    column : str or None
        What the user says.
    leave_out : int or None
        A column that is known to hold something else.
    """
    names, width = table.names, table.width
    if column is None:
        left = [i for i in range(width) if i != leave_out]
        if len(left) == 1:
            if names and (other := _other(names[left[0]])):
                raise DatasetError(
                    f"{table.path} has no skin conductance: its only column is "
                    f"{names[left[0]]!r}, which says {other}. If it is skin conductance all the "
                    f"same: --column {names[left[0]]}"
                )
            return left[0]
        places = candidates(names)
        if len(places) == 1:
            return places[0]
    else:
        place = chosen(names, column)
        if place is not None:
            return place
        if column.isdecimal() and len(column) < 10 and int(column) < width:
            return int(column)
    known = ", ".join(names)
    if not names:
        first = ", ".join(f"{i} ({cell.strip()})" for i, cell in enumerate(table.rows[0]))
        known = f"the file has no header, so by number: {first}"
    wanted = f"There is no column {column!r}" if column else "It is not clear which column to take"
    raise DatasetError(f"{table.path}: {wanted}. Choose one with --column: {known}.")
