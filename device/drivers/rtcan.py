"""Our own firmware: it samples by itself, numbers and times every sample, and answers questions."""

from __future__ import annotations

import collections
import dataclasses
import itertools

import numpy as np

from device.calibration import GroveCalibration
from device.drivers.driver import Batch, DecodingDriver, DriverOptions
from device.errors import DeviceError
from device.protocols import rtcan
from device.protocols.readings import Readings
from device.protocols.rtcan import Identity, RtcanDecoder, parse_identity
from device.samples import FloatArray
from device.timing.counter import TickClock, Unwrapper

DEFAULT_RATE_HZ = 100.0
# The board answers at once; a question asked while it boots is lost.
_ASK_EVERY_S = 1.0
# So many samples, of so many starts, are kept for a board that has not yet said its calibration.
_HELD, _HELD_STARTS = 2000, 8


class RtcanDriver(DecodingDriver):
    """Framed samples with sequence and microseconds.

    Parameters
    ----------
    options : DriverOptions
        `rate_hz` (10 to 200, default 100) and `calibration` (the board's own where not given).

    Raises
    ------
    DeviceError
        For a rate that the firmware does not have.
    """

    key = "rtcan"
    name = "RTCAN firmware"
    baud = 115200
    known_rate = True
    trusted = False
    _decoder: RtcanDecoder

    def __init__(self, options: DriverOptions) -> None:
        rate_hz = options.rate_hz or DEFAULT_RATE_HZ
        low, high = rtcan.RATES_HZ
        if not (low <= rate_hz <= high and rate_hz == round(rate_hz)):
            raise DeviceError(
                f"The RTCAN firmware cannot sample at {rate_hz:g} Hz. Give --rate a whole number "
                f"from {low:g} to {high:g}."
            )
        self._rate_hz = rate_hz
        self._given = _grove(options.calibration) if options.calibration else None
        self._decoder = RtcanDecoder()
        self._sequence = Unwrapper(rtcan.SEQUENCE_MODULUS)
        self._clock = TickClock(rtcan.TICK_MODULUS, rtcan.TICK_HZ)
        self.identity: Identity | None = None
        self.begin(0.0)

    @property
    def lost(self) -> int:
        """Numbers that never came."""
        return self._sequence.missing

    def begin(self, now_s: float) -> None:
        """Expect the board to introduce itself."""
        self._decoder.reset()
        self._forget()
        self._held: collections.deque[tuple[FloatArray, FloatArray, bool]] = collections.deque(
            maxlen=_HELD_STARTS
        )
        self._asked_s = now_s - _ASK_EVERY_S
        self._settled = False

    def poll(self, now_s: float) -> bytes:
        """Ask who is there, and set the rate, until both are answered."""
        if not self._settled and now_s - self._asked_s >= _ASK_EVERY_S:
            self._asked_s = now_s
            # An empty line first ends whatever half a command the board may hold.
            return b"\n" + rtcan.command_rate(self._rate_hz) + rtcan.ASK_IDENTITY
        return b""

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Return the samples, once the board has said its calibration and its rate."""
        readings = self._decoder.push(data)
        starts = list(self._decoder.starts)
        for text in self._decoder.texts:
            self._hear(parse_identity(text))
        for settings in self._decoder.settings:
            self._hear(settings)
        self._decoder.texts.clear()
        self._decoder.settings.clear()
        batches = []
        for first, stop in itertools.pairwise([0, *starts, len(readings)]):
            if first in starts:
                self._forget()
            batches += self._batch(readings, slice(first, stop), now_s)
        return batches

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the rate that was set."""
        return self._rate_hz

    def details(self) -> str:
        """Say the board and the calibration."""
        board = (self.identity.board if self.identity else "") or "not yet identified"
        return f"{board}, {self.calibration.describe()}"

    def expects(self) -> str:
        """Say what the frames should be."""
        return (
            f"valid frames of the RTCAN firmware, version {rtcan.VERSION}. Is it flashed (make "
            "firmware), and is its baud rate 115200? Or name the sensor that it is with --sensor"
        )

    def _hear(self, identity: Identity | None) -> None:
        if identity is None:
            return
        known = self.identity.board if self.identity else ""
        self.identity = dataclasses.replace(identity, board=identity.board or known)
        self._settled = round(identity.rate_hz) == round(self._rate_hz)
        if identity.started:
            # It may have forgotten the rate: tell it without waiting.
            self._settled = False
            self._asked_s -= _ASK_EVERY_S

    def _batch(self, readings: Readings, piece: slice, now_s: float) -> list[Batch]:
        ticks, value = readings.ticks[piece], readings.value[piece]
        if ticks.size == 0:
            return []
        micros, restarted = self._clock.push(ticks, now_s)
        if restarted:
            self._sequence.reset()
        value = value[-micros.size :]
        self._sequence.push(readings.sequence[piece][-micros.size :])
        position_s = micros / rtcan.TICK_HZ
        if self._held:
            # A board that says who it is has no time to sample: that is no loss on the way.
            self._sequence.missing = 0
        if self._held and not restarted:
            # One piece, so that the clock sees what came last, not that all came now.
            held_value, held_s, restarted = self._held.pop()
            value = np.concatenate([held_value, value])[-_HELD:]
            position_s = np.concatenate([held_s, position_s])[-_HELD:]
        self._held.append((value, position_s, restarted))
        if self.identity is None and self._given is None:
            return []  # a value without its calibration is no value, yet
        held = list(self._held)
        self._held.clear()
        return [Batch.of(self.calibration, *one) for one in held]

    @property
    def calibration(self) -> GroveCalibration:
        """The given one, else the board's own, else that of a usual Grove."""
        if self._given is not None:
            return self._given
        if self.identity is None:
            return GroveCalibration()
        return GroveCalibration(self.identity.open_adc, self.identity.bits)

    def _forget(self) -> None:
        self._sequence.reset()
        self._clock.reset()


def _grove(text: str) -> GroveCalibration:
    from device.calibration import parse_calibration

    calibration = parse_calibration(text)
    if not isinstance(calibration, GroveCalibration):
        raise DeviceError(
            f"The RTCAN firmware sends counts: --calibration {text} does not fit. Leave it out: "
            "the board says its own."
        )
    return calibration
