"""A plain table of microsiemens, with a column of times or a rate that the user names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.errors import RecordingError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.columns import skin_column
from device.readers.text import Table, read_table
from device.readers.times import as_seconds, read_times, refuse_disagreement, time_columns
from device.samples import FloatArray, Samples


def open_source(path: Path, rate_hz: float | None, column: str | None) -> Source:
    """Return the recording.

    Raises
    ------
    RecordingError
        Without a rate and without usable times, or with values that no skin has.
    DatasetError
        See `device.readers.columns.read_column`.
    """
    table = read_table(path)
    at = _time_column(table)
    index = skin_column(table, column, leave_out=at)
    eda_us = table.numbers(index)
    refuse_impossible(path, eda_us)
    if rate_hz is not None:
        time_s = np.arange(eda_us.size) / rate_hz
    else:
        time_s = _times(table, at if at != index else None, index)
        rate_hz = float(1 / np.median(np.diff(time_s))) if time_s.size > 1 else None
    samples = Samples(time_s, eda_us)
    name = table.names[index] if table.names else str(index)
    return Source(path, "table", rate_hz, lambda: in_blocks(samples), f"column {name}")


def _time_column(table: Table) -> int | None:
    named = time_columns(table.names)
    if named:
        return named[0]
    # Without names, what has the form of a time of day or a date.
    found = [i for i, cell in enumerate(table.rows[0]) if as_seconds(cell) is not None]
    if found or table.names or table.width != 2:
        return found[0] if found else None
    # Of two columns of numbers, time is the one that rises all the way.
    rising = [i for i in range(2) if (np.diff(table.numbers(i)) > 0).all()]
    return rising[0] if len(rising) == 1 and len(table.rows) > 2 else None


def _times(table: Table, at: int | None, index: int) -> FloatArray:
    if at is None:
        known = "its header names none" if table.names else "it has no header"
        raise RecordingError(
            f"{table.path} has no column of times ({known}; time, t, timestamp and the like, or "
            "time_ms, are understood): give its samples per second with --rate"
        )
    name = table.names[at] if table.names else str(at)
    time_s = read_times(table.path, name, table.cells(at))
    for other in time_columns(table.names):
        if other not in (at, index):
            cells = table.cells(other)
            refuse_disagreement(table.path, (name, time_s), table.names[other], cells)
    return time_s
