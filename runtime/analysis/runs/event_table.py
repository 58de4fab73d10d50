"""Tables of events: what happened when, in the recording's time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.names import fold
from device.readers.text import read_table
from device.samples import FloatArray
from runtime.analysis.measures.table import Table

_ONSETS = ("onset", "onset_s", "time", "time_s", "start", "start_s", "t")
_DURATIONS = ("duration", "duration_s", "length", "length_s")
# No recording has been going on for so long: it is a date in Unix seconds, or in milliseconds.
_UNIX_S, _UNIX_MS = 1e9, 1e12


def read_events(
    path: Path, start_s: float, end_s: float, began_utc_s: float | None, duration_s: float
) -> Table:
    """Return the events of a recording, in order, with "onset" and "duration" first.

    Parameters
    ----------
    path : Path
        With a header, as BIDS has it: onset and duration in seconds since the recording's time 0,
        and other columns, which are kept. Onsets in Unix time are set against the recording's.
    start_s, end_s : float
        Where the recording begins and ends in its own time.
    began_utc_s : float or None
        When its time 0 was, Unix time.
    duration_s : float
        Of an event that has none.

    Raises
    ------
    DatasetError
        If it is no such table, or its events cannot lie in the recording.
    """
    table = read_table(path, may_be_empty=True)
    names = [fold(name) for name in table.names]
    twice = next((name for i, name in enumerate(table.names) if name in table.names[:i]), None)
    if twice is not None:
        raise DatasetError(f"{path} has two columns {twice!r}: rename one")
    at = next((names.index(name) for name in _ONSETS if name in names), None)
    if at is None:
        found = ", ".join(table.names) or "no header"
        raise DatasetError(
            f"{path} has no column of onsets ({found}); expected: a table with a header that names "
            "onset and duration, both in seconds, as BIDS has it"
        )
    onset_s = table.numbers(at)
    # "n/a" says that the time is not known, as our own recordings do; an empty cell says nothing.
    lacking = np.isnan(onset_s) & np.array([cell != "n/a" for cell in table.cells(at)], dtype=bool)
    if lacking.any():
        line = int(np.argmax(lacking)) + 1
        raise DatasetError(f"{path}: data line {line} has no onset; a number was expected")
    known = np.isfinite(onset_s)
    if known.any():
        onset_s[known] = _in_recording(path, onset_s[known], start_s, end_s, began_utc_s)
    length = next((names.index(name) for name in _DURATIONS if name in names), None)
    lengths = np.full(onset_s.size, np.nan) if length is None else table.numbers(length)
    if (lengths < 0).any():
        line = int(np.argmax(lengths < 0)) + 1
        raise DatasetError(f"{path}: data line {line} has a duration of {lengths[line - 1]:g} s")
    # A moment has no length of its own; what follows it is looked at.
    lengths = np.where(np.nan_to_num(lengths) == 0, duration_s, lengths)
    order = np.argsort(onset_s, kind="stable")
    columns = {"onset": onset_s[order], "duration": lengths[order]}
    for place, name in enumerate(table.names):
        if place not in (at, length):
            columns[name] = np.array(table.cells(place), dtype=object)[order]
    return Table(columns)


def _in_recording(
    path: Path, onset_s: FloatArray, start_s: float, end_s: float, began_utc_s: float | None
) -> FloatArray:
    """Return onsets in the recording's time, or raise DatasetError where they cannot be that."""
    unix = float(np.median(onset_s))
    if unix > _UNIX_S:
        if began_utc_s is None:
            raise DatasetError(
                f"{path} has onsets such as {unix:.10g}, which is a date in Unix time, and the "
                "recording does not say when it began: give onsets in seconds since its start"
            )
        onset_s = onset_s / (1e3 if unix > _UNIX_MS else 1.0) - began_utc_s
        if not ((onset_s >= start_s) & (onset_s <= end_s)).any():
            raise DatasetError(
                f"{path} and the recording go by two clocks: its first event would be at "
                f"{onset_s.min():.0f} s of a recording from {start_s:.0f} to {end_s:.0f} s. Is it "
                "another recording's, or local time?"
            )
        return onset_s
    inside = (onset_s >= start_s - 1.0) & (onset_s <= end_s + 1.0)
    if inside.mean() >= 0.5:
        return onset_s
    scaled = (onset_s * 1e-3 >= start_s - 1.0) & (onset_s * 1e-3 <= end_s + 1.0)
    hint = (
        "Are they in milliseconds? Divide them by 1000"
        if scaled.all() and onset_s.max() > end_s
        else "Is it another recording's table?"
    )
    raise DatasetError(
        f"{path}: {int((~inside).sum())} of {onset_s.size} events lie outside the recording "
        f"({start_s:.0f} to {end_s:.0f} s), from {onset_s.min():g} to {onset_s.max():g}. {hint}"
    )
