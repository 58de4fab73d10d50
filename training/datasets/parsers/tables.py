"""Tables as text: the named columns of each row, and a damaged row named with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from device.errors import DatasetError


def number_rows(lines: Iterable[str], name: str, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the named columns of each row of a CSV with a header; all must be numbers.

    Parameters
    ----------
    lines : iterable of str
        The file.
    name : str
        Its name, for messages.
    columns : tuple of str
        Columns wanted.

    Raises
    ------
    DatasetError
        If a column is missing or a value is no number, with the line.
    """
    reader = csv.reader(lines)
    header = [cell.strip() for cell in next(reader, [])]
    missing = [column for column in columns if column not in header]
    if missing:
        shown = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
        raise DatasetError(f"{name} lacks the column {missing[0]!r}; it has: {shown}")
    wanted = [header.index(column) for column in columns]
    for row in reader:
        if not row:
            continue
        try:
            values = [row[i].strip() for i in wanted]
            for value in values:
                float(value)
        except (IndexError, ValueError):
            raise DatasetError(
                f"{name}, line {reader.line_num}: {row[:8]!r} is damaged; numbers were expected in "
                f"{', '.join(columns)}"
            ) from None
        yield values
