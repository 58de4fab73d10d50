"""A recording as a sensor: `--port replay:PATH`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from device.errors import RecordingEndedError
from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo

if TYPE_CHECKING:
    from device.readers.base import Source

# Samples are handed on in groups of at most this long a time, as a sensor would.
_TICK_S = 0.02


class ReplaySensor:
    """Play a recording.

    Parameters
    ----------
    source : Source
        What to play.
    speed : float or None
        How many times faster than life; None for as fast as it is taken.
    """

    def __init__(self, source: Source, speed: float | None = 1.0) -> None:
        self.source = source
        self._speed = speed
        self._blocks: Iterator[Samples] = iter(())
        self._block = Samples.empty()
        self._began_s = 0.0
        self._first_s: float | None = None
        self.origin_s: float | None = None
        self.counters = SensorCounters()

    @property
    def lossless(self) -> bool:
        """Whether it waits until its samples are taken."""
        return self._speed is None

    @property
    def markers(self) -> tuple[tuple[float, str], ...]:
        """Times (s, in the samples' time) and texts that were noted during the recording."""
        return self.source.markers

    @property
    def labels(self) -> tuple[tuple[float, str], ...]:
        """Times (s) and words of what the person said during the recording."""
        return self.source.labels

    def open(self) -> None:
        """Start from the beginning."""
        self._blocks = self.source.blocks()
        self._block = Samples.empty()
        self._began_s = time.monotonic()
        self.origin_s = self._first_s = None

    def read(self, timeout_s: float) -> Samples:
        """Return the samples whose time has come; see `device.sensor.Sensor.read`.

        Raises
        ------
        RecordingEndedError
            After the last sample.
        device.errors.RecordingError
            If the recording is damaged.
        """
        while not len(self._block):
            block = next(self._blocks, None)
            if block is None:
                raise RecordingEndedError(f"{self.source.path} has come to its end")
            self._block = block
        if self._first_s is None:
            self._first_s = float(self._block.time_s[0])
            self.origin_s = self._began_s - self._first_s / (self._speed or math.inf)
        if self._speed is None:
            return self._deliver(len(self._block))
        until_s = time.monotonic() + timeout_s
        while True:
            now_s = time.monotonic()
            played_s = self._first_s + (now_s - self._began_s) * self._speed
            due = int(np.searchsorted(self._block.time_s, played_s, side="right"))
            if due:
                return self._deliver(due)
            if now_s >= until_s:
                return Samples.empty()
            next_s = self._began_s + (self._block.time_s[0] - self._first_s) / self._speed
            wait_s = max(next_s - now_s, 0.0) if self._speed < 1 else max(next_s - now_s, _TICK_S)
            time.sleep(min(wait_s, until_s - now_s))

    def close(self) -> None:
        """Let go of the file."""
        self._blocks = iter(())

    def describe(self) -> SensorInfo:
        """Say what is played."""
        source = self.source
        return SensorInfo(
            source.name,
            f"replay:{source.path}",
            source.rate_hz,
            source.details,
            self._speed,
            live=False,
            began_utc_s=source.began_utc_s,
        )

    def _deliver(self, count: int) -> Samples:
        samples = self._block.part(slice(count))
        self._block = self._block.part(slice(count, None))
        self.counters.samples += count
        self.counters.missing += int(np.isnan(samples.eda_us).sum())
        return samples
