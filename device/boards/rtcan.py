"""A board with our own firmware; it answers what `firmware/rtcan_arduino/protocol.h` says."""

from __future__ import annotations

import math

from device.calibration import GroveCalibration
from device.protocols import rtcan
from device.protocols.rtcan import Identity

_START_RATE_HZ = 100.0
_BITS = 14
_OPEN = 8192.0
_MAX_LINE = 31


class RtcanBoard:
    """It samples by itself, numbers and times every sample, and answers questions."""

    key = "rtcan"
    streaming = True

    def __init__(self) -> None:
        self.calibration = GroveCalibration(_OPEN, _BITS)
        self.rate_hz = _START_RATE_HZ
        self._line = b""
        self._sequence = 0

    def start(self) -> bytes:
        """Introduce itself."""
        self.rate_hz = _START_RATE_HZ
        self._line = b""
        self._sequence = 0
        return b"\0" + self._identity(started=True)

    def receive(self, data: bytes) -> bytes:
        """Obey lines of text."""
        answer = b""
        *lines, rest = (self._line + data).replace(b"\r", b"\n").split(b"\n")
        self._line = rest[: _MAX_LINE + 1]
        for line in lines:
            if line:
                answer += self._obey(line)
        return answer

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a numbered sample; open electrodes read as the calibration says."""
        calibration = self.calibration
        adc = calibration.open_adc
        if not math.isnan(eda_us):
            adc = min(max(float(calibration.to_adc(eda_us)), 0.0), calibration.open_adc)
        frame = rtcan.encode_sample(self._sequence, round(device_s * 1e6), round(adc))
        self._sequence += 1
        if self._sequence % round(self.rate_hz) == 0:
            # Ahead of the sample, so that whoever waits for its last byte has all of it.
            frame = rtcan.encode_settings(self._settings(started=False)) + frame
        return frame

    def _obey(self, line: bytes) -> bytes:
        word, _, number = line.partition(b" ")
        if line == b"?":
            return self._identity(started=False)
        value = int(number) if number.isdigit() and len(number) <= 5 else -1
        low, high = rtcan.RATES_HZ
        if word == b"rate" and low <= value <= high:
            self.rate_hz = float(value)
        elif word == b"open" and 0 < value < 2**_BITS:
            self.calibration = GroveCalibration(float(value), _BITS)
        else:
            return rtcan.encode_text("error")
        return self._identity(started=False)

    def _identity(self, started: bool) -> bytes:
        identity = self._settings(started)
        return rtcan.encode_settings(identity) + rtcan.encode_text(identity.to_text())

    def _settings(self, started: bool) -> Identity:
        return Identity("sim", _BITS, self.calibration.open_adc, self.rate_hz, started)
