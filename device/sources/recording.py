"""A recording played as a sensor, at the pace of life or faster."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from device.errors import DeviceError, RecordingEndedError
from device.readers.columns import read_column
from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo

_TICK_S = 0.02


class RecordingSensor:
    """A text file of microsiemens.

    Parameters
    ----------
    path : Path
        See `device.readers.columns.read_column`.
    rate_hz : float or None
        Of the recording.
    column : str or None
        Name or number of the column.
    speed : float
        How many times faster than life.

    Raises
    ------
    DeviceError
        Without a rate.
    """

    def __init__(
        self, path: Path, rate_hz: float | None, column: str | None = None, speed: float = 1.0
    ) -> None:
        if rate_hz is None:
            raise DeviceError(f"{path} is a recording: give its samples per second with --rate.")
        self._path = path
        self._rate_hz = rate_hz
        self._column = column
        self._speed = speed
        self._sent = 0
        self._began_s = 0.0
        self._eda_us = np.empty(0)
        self.origin_s: float | None = None
        self.counters = SensorCounters()

    def open(self) -> None:
        """Read the file; see `read_column` for the errors."""
        self._eda_us = read_column(self._path, self._column)
        self._sent = 0
        self._began_s = self.origin_s = time.monotonic()

    def read(self, timeout_s: float) -> Samples:
        """Return the samples whose time has come; RecordingEndedError after the last."""
        until_s = time.monotonic() + timeout_s
        if self._sent >= self._eda_us.size:
            raise RecordingEndedError(f"{self._path} has come to its end")
        while True:
            now_s = time.monotonic()
            due = int((now_s - self._began_s) * self._rate_hz * self._speed) + 1
            due = min(due, self._eda_us.size)
            if due > self._sent:
                index = np.arange(self._sent, due)
                self._sent = due
                eda_us = self._eda_us[index]
                self.counters.samples += index.size
                self.counters.missing += int(np.isnan(eda_us).sum())
                return Samples(index / self._rate_hz, eda_us)
            if now_s >= until_s:
                return Samples.empty()
            time.sleep(min(_TICK_S, max(until_s - now_s, 0.0)))

    def close(self) -> None:
        """Nothing: the file is not held open."""

    def describe(self) -> SensorInfo:
        """Say what is played."""
        return SensorInfo("recording", str(self._path), self._rate_hz, speed=self._speed)
