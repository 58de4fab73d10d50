"""Reading a plain recording of skin conductance from a text file."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray

# EDA, gsr, eda_us, "GSR (uS)", EDA(microsiemens).
_SKIN = re.compile(r"(eda|gsr)([^a-z].*)?", re.IGNORECASE)
_DELIMITER = re.compile(r"[,;\t]| +")


def read_column(path: Path, column: str | None = None) -> FloatArray:
    """Return one column of a delimited text file as float64 (n,).

    Lines that start with # are comments. A first line with names is a header.

    Parameters
    ----------
    path : Path
        The file: comma, semicolon, tab or space separated.
    column : str or None
        A name from the header, or a number counted from 0; None takes the only column, or the one
        whose name is EDA or GSR or begins with that, as in "eda_us".

    Raises
    ------
    DatasetError
        Naming the file, the line and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read as a text recording: {error}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise DatasetError(f"{path} holds no data")
    rows = list(csv.reader(lines)) if "," in lines[0] else [_DELIMITER.split(x) for x in lines]
    names = [name.strip() for name in rows[0]]
    has_header = not all(_is_number(name) for name in names)
    index = _column_index(path, names if has_header else [], len(names), column)
    values = np.empty(len(rows) - has_header)
    for i, row in enumerate(rows[has_header:]):
        try:
            values[i] = float(row[index])
        except (ValueError, IndexError):
            found = row[index] if index < len(row) else "nothing"
            raise DatasetError(
                f"{path}: data line {i + 1} has {found!r} in column {index}; a number was expected"
            ) from None
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column_index(path: Path, names: list[str], width: int, column: str | None) -> int:
    if column is None:
        if width == 1:
            return 0
        skin = [i for i, name in enumerate(names) if _SKIN.fullmatch(name)]
        plain = [i for i in skin if names[i].lower() in ("eda", "gsr")]
        for found in (plain, skin):
            if len(found) == 1:
                return found[0]
    elif column in names:
        return names.index(column)
    elif column.isdigit() and int(column) < width:
        return int(column)
    known = ", ".join(names) if names else f"numbers 0 to {width - 1} (the file has no header)"
    wanted = f"There is no column {column!r}" if column else "It is not clear which column to take"
    raise DatasetError(f"{path}: {wanted}. Choose one with --column: {known}.")
