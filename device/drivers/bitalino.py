"""BITalino (r)evolution: silent until it is told its rate and its channels."""

from __future__ import annotations

import numpy as np

from device.calibration import BitalinoCalibration
from device.drivers.driver import Batch, DecodingDriver, DriverOptions
from device.errors import DeviceError
from device.protocols import bitalino
from device.protocols.bitalino import BitalinoDecoder
from device.timing.counter import Unwrapper

DEFAULT_RATE_HZ = 100.0
# A board that has been silent this long is told to begin again: it was reset, or missed a command.
_SILENCE_S = 1.0


class BitalinoDriver(DecodingDriver):
    """Frames of one channel.

    Parameters
    ----------
    options : DriverOptions
        `rate_hz` (1, 10, 100 or 1000; default 100) and `channel` (1 to 6; default 3, where the
        board has its EDA sensor).

    Raises
    ------
    DeviceError
        For a rate or a channel that the board does not have, or a calibration.
    """

    key = "bitalino"
    name = "BITalino (r)evolution"
    baud = 115200
    known_rate = True
    trusted = False
    turn_samples = bitalino.SEQUENCE_MODULUS
    _decoder: BitalinoDecoder

    def __init__(self, options: DriverOptions) -> None:
        rate_hz = options.rate_hz or DEFAULT_RATE_HZ
        channel = 3 if options.channel is None else options.channel
        if rate_hz not in bitalino.RATES_HZ:
            raise DeviceError(
                f"BITalino cannot sample at {rate_hz:g} Hz. Give --rate 1, 10, 100 or 1000."
            )
        if not 1 <= channel <= 6:
            raise DeviceError(f"BITalino has no channel A{channel}. Give --channel 1 to 6.")
        if options.calibration:
            raise DeviceError(
                "BITalino's calibration is fixed; leave --calibration out, or name another sensor "
                "with --sensor."
            )
        self._rate_hz = rate_hz
        self._channel = channel
        self._silence_s = _SILENCE_S + 2.0 / rate_hz
        self.turn_s = self.turn_samples / rate_hz
        # The board packs what it sends: a single channel always has ten bits.
        self.calibration = BitalinoCalibration(10)
        self._decoder = BitalinoDecoder(1, 0)
        self._sequence = Unwrapper(bitalino.SEQUENCE_MODULUS)
        self._plan: list[bytes] = []
        self._due_s = self._heard_s = 0.0
        self.begin(0.0)

    @property
    def lost(self) -> int:
        """Numbers that never came."""
        return self._sequence.missing

    def begin(self, now_s: float) -> None:
        """Plan to stop whatever runs, set the rate, and start."""
        self._decoder.reset()
        self._sequence.reset()
        self._plan_start(now_s)

    def poll(self, now_s: float) -> bytes:
        """Return the next command when it is due."""
        if not self._plan and now_s - self._heard_s > self._silence_s:
            self._plan_start(now_s)
        if self._plan and now_s >= self._due_s:
            self._due_s = now_s + bitalino.COMMAND_GAP_S
            self._heard_s = now_s
            command = self._plan.pop(0)
            if not self._plan:
                # What comes from here on belongs to the new start.
                self._decoder.reset()
                self._sequence.reset()
            return command
        return b""

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Return the samples of frames that are proven."""
        if self._plan:
            return []
        readings = self._decoder.push(data, final)
        if len(readings) == 0:
            return []
        self._heard_s = now_s
        number, restarted = self._sequence.push(readings.sequence)
        position_s = number / np.float64(self._rate_hz)
        return [Batch.of(self.calibration, readings.value, position_s, restarted)]

    def end(self) -> bytes:
        """Return the command that stops the board."""
        return bitalino.COMMAND_STOP

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the rate that was set."""
        return self._rate_hz

    def details(self) -> str:
        """Say the channel and the calibration."""
        return f"channel A{self._channel}, {self.calibration.describe()}"

    def expects(self) -> str:
        """Say what the frames should be."""
        return (
            "frames with a valid checksum. Is it a BITalino (r)evolution, at 115200 baud? Or name "
            "the sensor that it is with --sensor"
        )

    def _plan_start(self, now_s: float) -> None:
        self._plan = [
            bitalino.COMMAND_STOP,
            bitalino.command_rate(self._rate_hz),
            bitalino.command_start((self._channel - 1,)),
        ]
        self._due_s = now_s
        self._heard_s = now_s
