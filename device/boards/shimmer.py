"""A Shimmer3 or Shimmer3R GSR+."""

from __future__ import annotations

import math
import struct

from device.calibration import ShimmerCalibration
from device.protocols import shimmer
from device.protocols.shimmer import Inquiry

# Bytes of arguments that follow each command; of some their first byte says how many there are.
_ARGUMENTS = {
    **dict.fromkeys((0x01, 0x03, 0x07, 0x20, 0x2C, 0x2E, 0x3F, 0x72, 0x7B, 0x7E, 0x87, 0x91), 0),
    **dict.fromkeys((0x92, 0x93, 0x95, 0x96), 0),
    **dict.fromkeys((0x21, 0x8B, 0xA3), 1),
    **{0x05: 2, 0x08: 3, 0x61: 3, 0x63: 3, 0x8F: 8},
}
_COUNTED = frozenset({0x79, 0x7C, 0x85})
_SET_EXG = 0x61
# LogAndStream: the type, and the version that first could be told not to acknowledge its status.
_FIRMWARE = struct.pack("<BHHBB", 0x2F, 3, 0, 15, 4)
_OLD_FIRMWARE = struct.pack("<BHHBB", 0x2F, 3, 0, 11, 0)
# Before an answer that may come between data packets.
_IN_STREAM = 0x8A
# 4.0 V in counts of the divided voltage, and a byte for the charger.
_BATTERY = struct.pack("<HB", 2747, 0x80)
_SENSING, _STREAMING = 0x02, 0x10
_CALIBRATION = bytes(84)
# Texts that are asked for and set: the answer's code by the command that asks, and by that sets.
_ASK_TEXT = {0x7B: 0x7A, 0x7E: 0x7D, 0x87: 0x86}
_SET_TEXT = {0x79: 0x7A, 0x7C: 0x7D, 0x85: 0x86}
_OPEN_WORD = 3 << 14 | 600
_START_DIVIDER = 640


class ShimmerBoard:
    """It acknowledges every command and streams when it is told to.

    Parameters
    ----------
    has_crc : bool
        Whether its firmware knows the CRC; an old one ignores that command.
    hardware : int
        3, or 10 for a Shimmer3R.
    """

    key = "shimmer"

    def __init__(self, has_crc: bool = True, hardware: int = shimmer.SHIMMER3) -> None:
        self.calibration = ShimmerCalibration()
        self._hardware = hardware
        self._has_crc = has_crc
        self.start()

    def start(self) -> bytes:
        """Wait for commands."""
        self.streaming = False
        self._divider = _START_DIVIDER
        self._crc_size = 0
        self._pending = b""
        self._texts = {0x7A: b"rtcan", 0x7D: b"simulated", 0x86: b"0"}
        self._exg = bytearray(20)
        self._clock = bytes(8)
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
            size = self._size()
            if size is None or len(self._pending) < size:
                break
            command = self._pending[0]
            arguments = self._pending[1:size]
            self._pending = self._pending[size:]
            answer += self._obey(command, arguments)
        return answer

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a data packet; the range is the automatic one."""
        word = _OPEN_WORD if math.isnan(eda_us) else int(self.calibration.to_adc(eda_us))
        return shimmer.encode(round(device_s * shimmer.TICK_HZ), word, self._crc_size)

    def _size(self) -> int | None:
        """Return the bytes of the command that is pending; None where more must tell."""
        command = self._pending[0]
        if command in _COUNTED:
            return 2 + self._pending[1] if len(self._pending) > 1 else None
        if command == _SET_EXG:
            return 4 + self._pending[3] if len(self._pending) > 3 else None
        return 1 + _ARGUMENTS.get(command, 0)

    def _obey(self, command: int, arguments: bytes) -> bytes:
        known = command in _ARGUMENTS or command in _COUNTED
        if not known or (command in (0x8B, 0xA3) and not self._has_crc):
            return b""
        answer = bytes([shimmer.ACK])
        if command == 0x01:
            answer += Inquiry(self._divider, (shimmer.GSR_CHANNEL,)).to_bytes(self._hardware)
        elif command == 0x05:
            self._divider = max(int.from_bytes(arguments, "little"), 1)
        elif command == 0x8B:
            self._crc_size = min(arguments[0], 2)
        elif command == 0x07:
            self.streaming = True
        elif command == 0x20:
            self.streaming = False
        elif command in _SET_TEXT:
            self._texts[_SET_TEXT[command]] = arguments[1:]
        elif command == 0x8F:
            self._clock = arguments
        elif command == _SET_EXG:
            first = arguments[0] % 2 * 10 + arguments[1]
            self._exg[first : first + arguments[2]] = arguments[3:]
        return answer + self._answer(command, arguments)

    def _answer(self, command: int, arguments: bytes) -> bytes:
        """Return what follows the acknowledgement of a question."""
        if command == 0x2E:
            return _FIRMWARE if self._has_crc else _OLD_FIRMWARE
        if command == 0x3F:
            return bytes([shimmer.VERSION_RESPONSE, self._hardware])
        if command == 0x03:
            return struct.pack("<BH", 0x04, self._divider)
        if command == 0x95:
            return bytes([_IN_STREAM, 0x94]) + _BATTERY
        if command == 0x72:
            status = _SENSING | _STREAMING if self.streaming else 0
            return bytes([_IN_STREAM, 0x71, status])
        if command in _ASK_TEXT:
            text = self._texts[_ASK_TEXT[command]]
            return bytes([_ASK_TEXT[command], len(text)]) + text
        if command == 0x91:
            return bytes([0x90]) + self._clock
        if command == 0x63:
            first = arguments[0] % 2 * 10 + arguments[1]
            found = bytes(self._exg[first : first + arguments[2]])
            return bytes([0x62, len(found)]) + found
        if command == 0x2C:
            return bytes([0x2D]) + _CALIBRATION
        return b""
