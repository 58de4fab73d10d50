"""The interface of a driver: how to talk to one kind of sensor, without touching the port.

A driver is fed the bytes that arrived and asked for the bytes to send. It decodes, calibrates,
continues counters, counts losses, and starts the sensor again when that fell silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from device.calibration import Calibration
from device.samples import FloatArray


@dataclass(frozen=True)
class DriverOptions:
    """What a user may say about a sensor.

    Attributes
    ----------
    rate_hz : float or None
        Samples per second: set on sensors that can be told, believed of those that cannot.
    calibration : str or None
        Of sensors whose boards differ: see `device.calibration.parse_calibration`.
    column : str or None
        Field of a line with several: its name, or its number from 0.
    channel : int or None
        Analog channel of a board with several, counted from 1 as printed on it.
    """

    rate_hz: float | None = None
    calibration: str | None = None
    column: str | None = None
    channel: int | None = None


@dataclass(frozen=True)
class Batch:
    """Samples of one unbroken count.

    Attributes
    ----------
    eda_us : float64 (n,)
        Microsiemens; NaN for open or saturated electrodes.
    position_s : float64 (n,)
        Rising seconds by the sensor's own reckoning; see `device.timing.clock`.
    restarted : bool
        Whether the count began anew with the first of these.
    raw : float64 (n,)
        What the sensor itself said, before calibration.
    arrival_s : float or None
        When they came (s, `device.timing.now.now_s`), where that was before what was pushed last:
        they waited for others.
    """

    eda_us: FloatArray
    position_s: FloatArray
    restarted: bool
    raw: FloatArray
    arrival_s: float | None = None

    @staticmethod
    def of(
        calibration: Calibration, raw: FloatArray, position_s: FloatArray, restarted: bool
    ) -> Batch:
        """Return readings as samples, by a calibration."""
        return Batch(calibration.to_us(raw), position_s, restarted, np.asarray(raw, np.float64))


class Driver(Protocol):
    """One kind of sensor.

    Attributes
    ----------
    key, name : str
        For the command line, and for people.
    baud : int
        Usual bits per second.
    good, damaged : int
        Readings understood, and pieces of the stream that were not, since this was made.
    lost : int
        Readings that the sensor sent and that never came, by its own count.
    known_rate : bool
        Whether positions are true seconds but for the sensor's own oscillator.
    trusted : bool
        Whether positions are to be taken as the time, without a look at arrivals.
    turn_s : float or None
        How long the counter takes to come round, where losses may hide in whole turns.
    turn_samples : int
        Samples in such a turn.
    holds : bool
        Whether it holds samples back that time alone sets free: it is then pushed nothing, too.
    calibration : Calibration
        From what the sensor says to microsiemens.
    """

    key: str
    name: str
    baud: int
    known_rate: bool
    trusted: bool
    turn_s: float | None
    turn_samples: int
    holds: bool

    @property
    def calibration(self) -> Calibration:
        """From what the sensor says to microsiemens."""

    @property
    def good(self) -> int:
        """Readings understood."""

    @property
    def damaged(self) -> int:
        """Pieces of the stream that were not understood."""

    @property
    def lost(self) -> int:
        """Readings that never came."""

    def begin(self, now_s: float) -> None:
        """Prepare for a port that was opened now."""

    def poll(self, now_s: float) -> bytes:
        """Return what is to be sent now; often nothing."""

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Take bytes that arrived; `final` when the port is gone and no more will come."""

    def end(self) -> bytes:
        """Return what is to be sent before the port is closed."""

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the sampling rate, given host seconds per sensor second."""

    def details(self) -> str:
        """Say the calibration and the like, for people."""

    def expects(self) -> str:
        """Say what this sensor sends and what to try when it does not, for an error message."""


class Decoder(Protocol):
    """What counts the readings understood and the pieces of the stream that were not."""

    good: int
    bad: int


class DecodingDriver:
    """What all drivers share: a decoder that counts, and by default nothing to say or to miss."""

    turn_s: float | None = None
    turn_samples = 1
    holds = False
    _decoder: Decoder

    @property
    def good(self) -> int:
        """Readings understood."""
        return self._decoder.good

    @property
    def damaged(self) -> int:
        """Pieces of the stream that were not understood."""
        return self._decoder.bad

    def poll(self, now_s: float) -> bytes:
        """Return nothing to send."""
        return b""

    def end(self) -> bytes:
        """Return nothing to send."""
        return b""
