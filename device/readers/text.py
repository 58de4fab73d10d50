"""Text files of tables: their encoding, their delimiter, their header, their cells."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.readers.times import CUT_OFF, as_seconds
from device.samples import FloatArray

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


def read_text(path: Path) -> str:
    """Return a text file's content: UTF-8, or Latin-1 as older recorders wrote it.

    Raises
    ------
    DatasetError
        If it cannot be read, or is not text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"There is no {path}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return decode(data, path)


def decode(data: bytes, path: Path) -> str:
    """Return bytes as text; `path` names them where they are none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if any(character < " " and character not in "\t\n\r\f" for character in text[:4096]):
        raise DatasetError(f"{path} cannot be read as a text recording: it holds other bytes")
    return text


@dataclass(frozen=True)
class Table:
    """Cells of a delimited text file.

    Attributes
    ----------
    path : Path
        The file.
    names : list of str
        Of the columns; empty where the file has no header.
    rows : list of list of str
        All else, comments left out.
    """

    path: Path
    names: list[str]
    rows: list[list[str]]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.names or self.rows[0])

    def cells(self, index: int) -> list[str]:
        """Return a column as text, "" where a row is too short."""
        return [row[index].strip() if index < len(row) else "" for row in self.rows]

    def numbers(self, index: int) -> FloatArray:
        """Return a column as float64 (n,), NaN where a cell is empty or says that it has no value.

        Raises
        ------
        DatasetError
            Naming the line that has no number.
        """
        values = np.empty(len(self.rows))
        for i, row in enumerate(self.rows):
            found = row[index].strip() if index < len(row) else "nothing"
            try:
                values[i] = np.nan if found.lower() in _MISSING else _number(found)
                if np.isinf(values[i]):
                    raise ValueError("infinite")
            except ValueError:
                cut = CUT_OFF if i + 1 == len(values) else ""
                raise DatasetError(
                    f"{self.path}: data line {i + 1} has {found[:40]!r} in column {index}; a "
                    f"number was expected.{cut}"
                ) from None
        return values


def read_table(path: Path, text: str | None = None, *, may_be_empty: bool = False) -> Table:
    """Return a table: comma, semicolon, tab or space separated, # before comments.

    The first line is a header where a cell is no value, but the one below it is.

    Raises
    ------
    DatasetError
        If it holds no data; a header alone will do where it `may_be_empty`.
    """
    text = read_text(path) if text is None else text
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise DatasetError(f"{path} holds no data")
    delimiter = next((mark for mark in "\t;," if mark in lines[0]), " ")
    if delimiter == " ":
        rows = [line.split() for line in lines]
    else:
        try:
            rows = [list(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error as error:
            raise DatasetError(
                f"{path} cannot be read as a table ({error}): is a quotation mark left open?"
            ) from error
    if not _is_header(rows):
        return Table(path, [], rows)
    if len(rows) < 2 and not may_be_empty:
        raise DatasetError(f"{path} holds no data below its header")
    return Table(path, [name.strip() for name in rows[0]], rows[1:])


def _is_header(rows: list[list[str]]) -> bool:
    first = [_is_value(cell) for cell in rows[0]]
    if all(first):
        return False
    if len(rows) < 2 or not any(first):
        return True
    below = [_is_value(cell) for cell in rows[1]]
    return any(value and not named for named, value in zip(first, below, strict=False))


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    if cell.lower() in _MISSING:
        return True
    try:
        _number(cell)
    except ValueError:
        return as_seconds(cell) is not None
    return True


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        # A comma within a cell is a decimal comma.
        return float(cell.replace(",", "."))
