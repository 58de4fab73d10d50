"""Tables as text: the named columns of each row, and a damaged row named with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from device.errors import DatasetError


def number_rows(
    lines: Iterable[str], name: str, columns: tuple[str, ...], words: tuple[str, ...] = ()
) -> Iterator[list[str]]:
    """Yield the named columns of each row of a CSV with a header, first numbers and then words.

    Parameters
    ----------
    lines : iterable of str
        The file.
    name : str
        Its name, for messages.
    columns : tuple of str
        Columns wanted that hold numbers.
    words : tuple of str
        Columns wanted that hold anything, but not nothing.

    Raises
    ------
    DatasetError
        If a column is missing, a value is no number or a word is missing, with the line.
    """
    reader = csv.reader(lines)
    header = [cell.strip() for cell in next(reader, [])]
    missing = [column for column in (*columns, *words) if column not in header]
    if missing:
        shown = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
        raise DatasetError(f"{name} lacks the column {missing[0]!r}; it has: {shown}")
    wanted = [header.index(column) for column in (*columns, *words)]
    for row in reader:
        if not row:
            continue
        try:
            values = [row[i].strip() for i in wanted]
            for value in values[: len(columns)]:
                float(value)
            if not all(values):
                raise ValueError
        except (IndexError, ValueError):
            named = f" and a name in {', '.join(words)}" if words else ""
            raise DatasetError(
                f"{name}, line {reader.line_num}: {row[:8]!r} is damaged; numbers were expected in "
                f"{', '.join(columns)}{named}"
            ) from None
        yield values
