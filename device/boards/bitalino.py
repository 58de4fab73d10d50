"""A BITalino (r)evolution with its EDA sensor on A3."""

from __future__ import annotations

import math

from device.calibration import BitalinoCalibration
from device.protocols import bitalino

_EDA_CHANNEL = 2
_RATES_HZ = {command: float(rate_hz) for rate_hz, command in bitalino.RATES_HZ.items()}
_MIDDLE = 512
# A full one, in counts.
_BATTERY = 640


class BitalinoBoard:
    """It is silent until it is told its rate and its channels."""

    key = "bitalino"

    def __init__(self) -> None:
        self.calibration = BitalinoCalibration()
        self.start()

    def start(self) -> bytes:
        """Wait for commands."""
        self.rate_hz = 1000.0
        self.streaming = False
        self._channels: tuple[int, ...] = ()
        self._sequence = 0
        self._outputs = (0, 0)
        self._threshold = 0
        self._adc = 0
        self._awaits_pwm = False
        return b""

    def receive(self, data: bytes) -> bytes:
        """Obey one-byte commands; while it streams, the stop and the digital outputs alone."""
        answer = b""
        for command in data:
            if self._awaits_pwm:
                self._awaits_pwm = False
            elif command & ~0x0C == bitalino.COMMAND_OUTPUTS:
                self._outputs = (command >> 2 & 1, command >> 3 & 1)
            elif command == bitalino.COMMAND_PWM:
                self._awaits_pwm = True
            elif command in (bitalino.COMMAND_STOP[0], bitalino.COMMAND_IDLE[0]):
                self.streaming = False
            elif self.streaming:
                continue
            elif command in _RATES_HZ:
                self.rate_hz = _RATES_HZ[command]
            elif command == bitalino.COMMAND_VERSION[0]:
                answer += b"BITalino_v5.2\n"
            elif command == bitalino.COMMAND_STATE[0]:
                answer += self._state()
            elif command & 3 == 0:
                self._threshold = command >> 2
            elif command & 3 in (1, 2) and command >> 2:
                self._channels = tuple(i for i in range(6) if command >> 2 >> i & 1)
                self._sequence = 0
                self.streaming = True
        return answer

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a frame of the chosen channels; all but the EDA's rest in their middle."""
        adc = 0
        if not math.isnan(eda_us):
            adc = round(min(max(float(self.calibration.to_adc(eda_us)), 0.0), 1023.0))
        self._adc = adc
        values = [adc if channel == _EDA_CHANNEL else _MIDDLE for channel in self._channels]
        packed = [value >> 4 if i >= 4 else value for i, value in enumerate(values)]
        self._sequence += 1
        return bitalino.encode(packed, self._sequence - 1, (0, 0, *self._outputs))

    def _state(self) -> bytes:
        analog = [self._adc if i == _EDA_CHANNEL else _MIDDLE for i in range(6)]
        return bitalino.encode_state(analog, _BATTERY, self._threshold, (0, 0, *self._outputs))
