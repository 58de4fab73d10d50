"""A plain table of microsiemens, with a column of times or a rate that the user names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.errors import DatasetError, RecordingError
from device.readers.base import Source, in_blocks
from device.readers.columns import read_column
from device.samples import FloatArray, Samples

_TIMES = ("time_s", "time", "t", "time(s)", "timestamp", "seconds")


def open_source(path: Path, rate_hz: float | None, column: str | None) -> Source:
    """Return the recording.

    Raises
    ------
    RecordingError
        Without a rate and without usable times.
    DatasetError
        See `device.readers.columns.read_column`.
    """
    eda_us = read_column(path, column)
    if rate_hz is not None:
        time_s = np.arange(eda_us.size) / rate_hz
    else:
        time_s = _times(path)
        if not (np.diff(time_s) > 0).all():
            raise RecordingError(
                f"{path}: its times do not rise everywhere; give its samples per second with --rate"
            )
        rate_hz = float(1 / np.median(np.diff(time_s))) if time_s.size > 1 else None
    samples = Samples(time_s, eda_us)
    return Source(path, "table", rate_hz, lambda: in_blocks(samples))


def _times(path: Path) -> FloatArray:
    for name in _TIMES:
        for spelled in (name, name.upper(), name.capitalize()):
            try:
                time_s = read_column(path, spelled)
            except DatasetError:
                continue
            return time_s - time_s[:1]
    raise RecordingError(
        f"{path} has no column of times ({', '.join(_TIMES)}): give its samples per second with "
        "--rate"
    )
