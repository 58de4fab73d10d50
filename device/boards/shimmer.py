"""A Shimmer3 GSR+."""

from __future__ import annotations

import math

from device.calibration import ShimmerCalibration
from device.protocols import shimmer
from device.protocols.shimmer import Inquiry

# Arguments that follow each command.
_ARGUMENTS = {0x01: 0, 0x05: 2, 0x07: 0, 0x08: 3, 0x20: 0, 0x21: 1, 0x8B: 1}
_OPEN_WORD = 3 << 14 | 600
_START_DIVIDER = 640


class ShimmerBoard:
    """It acknowledges every command and streams when it is told to.

    Parameters
    ----------
    has_crc : bool
        Whether its firmware knows the CRC; an old one ignores that command.
    """

    key = "shimmer"

    def __init__(self, has_crc: bool = True) -> None:
        self.calibration = ShimmerCalibration()
        self._has_crc = has_crc
        self.start()

    def start(self) -> bytes:
        """Wait for commands."""
        self.streaming = False
        self._divider = _START_DIVIDER
        self._crc_size = 0
        self._pending = b""
        return b""

    @property
    def rate_hz(self) -> float:
        """Samples per second now."""
        return shimmer.TICK_HZ / self._divider

    def receive(self, data: bytes) -> bytes:
        """Obey commands whose arguments are complete; unknown ones are not acknowledged."""
        self._pending += data
        answer = b""
        while self._pending:
            command = self._pending[0]
            size = 1 + _ARGUMENTS.get(command, 0)
            if len(self._pending) < size:
                break
            arguments = self._pending[1:size]
            self._pending = self._pending[size:]
            answer += self._obey(command, arguments)
        return answer

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a data packet; the range is the automatic one."""
        word = _OPEN_WORD if math.isnan(eda_us) else int(self.calibration.to_adc(eda_us))
        return shimmer.encode(round(device_s * shimmer.TICK_HZ), word, self._crc_size)

    def _obey(self, command: int, arguments: bytes) -> bytes:
        if command not in _ARGUMENTS or (command == 0x8B and not self._has_crc):
            return b""
        answer = bytes([shimmer.ACK])
        if command == 0x01:
            answer += Inquiry(self._divider, (shimmer.GSR_CHANNEL,)).to_bytes()
        elif command == 0x05:
            self._divider = max(int.from_bytes(arguments, "little"), 1)
        elif command == 0x8B:
            self._crc_size = min(arguments[0], 2)
        elif command == 0x07:
            self.streaming = True
        elif command == 0x20:
            self.streaming = False
        return answer
