"""Shimmer3 and Shimmer3R GSR+: commands, answers and data packets of their serial protocol.

A data packet is 0x00, a 24-bit little-endian clock of 32768 Hz, the channels (here the skin
conductance word alone, 16 bits little-endian), and zero, one or two bytes of CRC (Shimmer,
"LogAndStream for Shimmer3 Firmware User Manual"). The CRC-16 starts at 0xB0CA; an odd packet counts
a zero byte more; its low byte is sent first, and it alone in the one-byte mode. A Shimmer3R differs
in its answer to the inquiry alone, whose settings take seven bytes instead of four (Shimmer,
shimmer-web-sdk, streamFraming).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from device.protocols.readings import Readings

ACK = 0xFF
TICK_HZ = 32768.0
TICK_MODULUS = 1 << 24
GSR_CHANNEL = 0x1C
AUTO_RANGE = 4

COMMAND_INQUIRY = b"\x01"
COMMAND_START = b"\x07"
COMMAND_STOP = b"\x20"
COMMAND_SENSORS_GSR = b"\x08\x04\x00\x00"
COMMAND_VERSION = b"\x3f"
INQUIRY_RESPONSE = 0x02
VERSION_RESPONSE = 0x25
# What a board answers that is asked for its hardware.
SHIMMER3, SHIMMER3R = 3, 10
_INQUIRY_HEAD = struct.Struct("<BHIBB")
_INQUIRY_HEAD_3R = struct.Struct("<BHI3xBB")
_MAX_CHANNELS = 32
# Two ticks of rounding in the firmware's timer are normal.
_TICK_SLACK = 2
# Clock steps of up to this many periods are believed without a CRC.
_MAX_STEPS = 64


def divider(rate_hz: float) -> int:
    """Return the clock divider of a rate: 32768 / rate, rounded."""
    return max(1, min(65535, round(TICK_HZ / rate_hz)))


def command_rate(rate_hz: float) -> bytes:
    """Return the command that sets the sampling rate to the nearest possible."""
    return b"\x05" + struct.pack("<H", divider(rate_hz))


def command_range(number: int = AUTO_RANGE) -> bytes:
    """Return the command that sets the measuring range: 0 to 3, or 4 for automatic."""
    return bytes([0x21, number])


def command_crc(size: int) -> bytes:
    """Return the command that sets the CRC to 0, 1 or 2 bytes."""
    return bytes([0x8B, size])


def crc16(data: bytes) -> int:
    """Return the vendor's CRC of a packet."""
    crc = 0xB0CA
    for byte in data + b"\0" if len(data) % 2 else data:
        crc = (crc >> 8 | crc << 8) & 0xFFFF
        crc ^= byte
        crc ^= (crc & 0xFF) >> 4
        crc ^= crc << 12 & 0xFFFF
        crc ^= (crc & 0xFF) << 5
    return crc & 0xFFFF


@dataclass(frozen=True)
class Inquiry:
    """A board's answer to the inquiry.

    Attributes
    ----------
    divider : int
        Sampling rate as 32768 / rate.
    channels : tuple of int
        Ids of the channels of a data packet, in their order.
    """

    divider: int
    channels: tuple[int, ...]

    def to_bytes(self, hardware: int = SHIMMER3) -> bytes:
        """Return the answer as the board sends it, without the ACK before it."""
        head = _inquiry_head(hardware)
        values = (INQUIRY_RESPONSE, self.divider, 0, len(self.channels), 1)
        return head.pack(*values) + bytes(self.channels)


def _inquiry_head(hardware: int) -> struct.Struct:
    return _INQUIRY_HEAD_3R if hardware == SHIMMER3R else _INQUIRY_HEAD


def parse_version(data: bytes) -> int | None:
    """Find an ACK with a hardware version in `data`; None where there is none yet."""
    at = data.find(bytes([ACK, VERSION_RESPONSE]))
    return data[at + 2] if at >= 0 and len(data) > at + 2 else None


def parse_inquiry(data: bytes, hardware: int = SHIMMER3) -> Inquiry | None:
    """Find an ACK with an inquiry response in `data`; None where there is none yet.

    Parameters
    ----------
    data : bytes
        What came since the inquiry was sent.
    hardware : int
        What the board answered that was asked for its hardware.
    """
    head = _inquiry_head(hardware)
    at = data.find(bytes([ACK, INQUIRY_RESPONSE]))
    if at < 0 or len(data) < at + 1 + head.size:
        return None
    _, clock, _, count, _ = head.unpack_from(data, at + 1)
    ids = data[at + 1 + head.size :][:count]
    if len(ids) < count or count > _MAX_CHANNELS or clock == 0:
        return None
    return Inquiry(clock, tuple(ids))


def encode(ticks: int, word: int, crc_size: int = 2) -> bytes:
    """Return a data packet with one channel; `word` is range << 14 | adc."""
    packet = b"\0" + struct.pack("<I", ticks % TICK_MODULUS)[:3] + struct.pack("<H", word)
    return packet + struct.pack("<H", crc16(packet))[:crc_size]


@dataclass
class ShimmerDecoder:
    """Turn bytes into conductance words.

    Without a two-byte CRC a packet is believed only when its clock is a whole number of sampling
    periods after the last, and at the start only after three such packets in a row.

    Parameters
    ----------
    period_ticks : int
        Sampling period in ticks, from the inquiry.
    crc_size : int
        Bytes of CRC that the board was told to send: 0, 1 or 2.
    channels : int
        16-bit channels in a packet.
    take : int
        Which of them is the skin conductance, counted from 0.

    Attributes
    ----------
    good, bad : int
        Packets taken, and places where packets were damaged, since this was made.
    """

    period_ticks: int
    crc_size: int = 2
    channels: int = 1
    take: int = 0
    good: int = 0
    bad: int = 0
    _rest: bytes = b""
    _last: int | None = None
    _sliding: bool = True

    @property
    def _length(self) -> int:
        return 4 + 2 * self.channels + self.crc_size

    def push(self, data: bytes, final: bool = False) -> Readings:
        """Return the readings of the packets that `data` completes and proves.

        Parameters
        ----------
        data : bytes
            What arrived.
        final : bool
            Whether no more will come: what is whole is decided on now.
        """
        stream = self._rest + data
        length, at = self._length, 0
        clocks: list[int] = []
        words: list[int] = []
        while at + length <= len(stream):
            proven = self._proven(stream, at, final)
            if proven is None:
                break
            if not proven:
                if not self._sliding:
                    self.bad += 1
                    self._sliding = True
                # The next packet begins with a zero byte.
                following = stream.find(b"\0", at + 1)
                at = following if following >= 0 else len(stream)
                continue
            self._sliding = False
            self._last = int.from_bytes(stream[at + 1 : at + 4], "little")
            clocks.append(self._last)
            place = at + 4 + 2 * self.take
            words.append(int.from_bytes(stream[place : place + 2], "little"))
            at += length
        self._rest = stream[at:]
        self.good += len(words)
        return Readings(np.array(words, dtype=np.float64), ticks=np.array(clocks, dtype=np.int64))

    def reset(self) -> None:
        """Forget the half packet, for a port that was opened anew; the counters stay."""
        self._rest, self._last, self._sliding = b"", None, True

    def _proven(self, stream: bytes, at: int, final: bool) -> bool | None:
        """Say whether a packet begins at `at`; None where more bytes must tell."""
        if not self._checks(stream, at):
            return False
        if self.crc_size == 2:
            return True
        length = self._length
        here = int.from_bytes(stream[at + 1 : at + 4], "little")
        if self._last is not None and self._regular(self._last, here):
            return True
        for _ in range(2):
            at += length
            if at + length > len(stream):
                return False if final else None
            after = int.from_bytes(stream[at + 1 : at + 4], "little")
            if not (self._checks(stream, at) and self._regular(here, after)):
                return False
            here = after
        return True

    def _checks(self, stream: bytes, at: int) -> bool:
        if stream[at] != 0:
            return False
        if self.crc_size == 0:
            return True
        body = at + self._length - self.crc_size
        sent = stream[body : body + self.crc_size]
        return struct.pack("<H", crc16(stream[at:body]))[: self.crc_size] == sent

    def _regular(self, before: int, after: int) -> bool:
        step = (after - before) % TICK_MODULUS
        periods = round(step / self.period_ticks)
        return (
            1 <= periods <= _MAX_STEPS
            and abs(step - periods * self.period_ticks) <= _TICK_SLACK + periods
        )
