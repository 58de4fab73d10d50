"""BITalino (r)evolution's binary frames.

Frames of 3 to 8 bytes for 1 to 6 analog channels, without a sync word. Counted from the frame's
end, so that all lengths read alike:

    -1  sequence (4 bits) | CRC-4          -5  channel 3, upper 8
    -2  I1 I2 O1 O2 | channel 1, upper 4   -6  channel 3, lower 2 | channel 4, upper 6
    -3  channel 1, lower 6 | ch. 2, up. 2  -7  channel 4, lower 4 | channel 5, upper 4
    -4  channel 2, lower 8                 -8  channel 5, lower 2 | channel 6, 6 bits

Channels 1 to 4 have ten bits, 5 and 6 the upper six of ten. The CRC is the remainder of the frame,
its own bits taken as zero, divided by x^4 + x + 1 (BITalino (r)evolution data sheets; PLUX).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.protocols.readings import Readings
from device.protocols.resync import Aligner

RATES_HZ = {1: 0x03, 10: 0x43, 100: 0x83, 1000: 0xC3}
SEQUENCE_MODULUS = 16
COMMAND_STOP = b"\x00"
COMMAND_IDLE = b"\xff"
COMMAND_VERSION = b"\x07"
COMMAND_STATE = b"\x0b"
# With O1 in bit 2 and O2 in bit 3; and the one that a byte with the output's level follows.
COMMAND_OUTPUTS = 0xB3
COMMAND_PWM = 0xA3
# The firmware needs about this long between two commands.
COMMAND_GAP_S = 0.1
VERSION_PREFIX = b"BITalino_v"

_LENGTHS = {1: 3, 2: 4, 3: 6, 4: 7, 5: 8, 6: 8}
# Bits of the first byte that belong to channels which are absent, by the number of channels.
_UNUSED = {1: 0x03, 2: 0x00, 3: 0x3F, 4: 0x0F, 5: 0x3F, 6: 0x00}
_POLYNOMIAL = 0x13


def frame_length(channels: int) -> int:
    """Return the bytes of a frame with 1 to 6 channels."""
    return _LENGTHS[channels]


def command_rate(rate_hz: float) -> bytes:
    """Return the command that sets 1, 10, 100 or 1000 Hz; KeyError for any other rate."""
    return bytes([RATES_HZ[int(rate_hz)]])


def command_start(channels: tuple[int, ...], simulated: bool = False) -> bytes:
    """Return the command that starts acquisition of these analog channels (0 for A1 to 5)."""
    mask = sum(1 << channel for channel in channels)
    return bytes([mask << 2 | (2 if simulated else 1)])


def crc4(frame: bytes) -> int:
    """Return the CRC of a whole frame, whose last four bits count as zero."""
    remainder = int.from_bytes(frame, "big") & ~0xF
    for shift in range(len(frame) * 8 - 5, -1, -1):
        if remainder >> (shift + 4) & 1:
            remainder ^= _POLYNOMIAL << shift
    return remainder


def _syndromes(length: int) -> NDArray[np.uint8]:
    """Return (length, 256): what each byte at each place adds to the CRC; a good frame sums to 0.

    The CRC is linear, so that a frame's is the exclusive or of its bytes' own.
    """
    table = np.zeros((length, 256), dtype=np.uint8)
    for place in range(length):
        for value in range(256):
            frame = bytearray(length)
            frame[place] = value
            own = value & 0xF if place == length - 1 else 0
            table[place, value] = crc4(bytes(frame)) ^ own
    return table


def encode(
    values: list[int] | tuple[int, ...], sequence: int, digital: tuple[int, int, int, int]
) -> bytes:
    """Return the frame of 1 to 6 channels.

    Parameters
    ----------
    values : list of int
        Counts: channels 1 to 4 of 0 to 1023, channels 5 and 6 of 0 to 63.
    sequence : int
        Taken modulo 16.
    digital : four of 0 or 1
        I1, I2, O1, O2.
    """
    c = [*values, 0, 0, 0, 0, 0, 0][:6]
    i1, i2, o1, o2 = digital
    backwards = [
        sequence % SEQUENCE_MODULUS << 4,
        i1 << 7 | i2 << 6 | o1 << 5 | o2 << 4 | c[0] >> 6,
        (c[0] & 0x3F) << 2 | c[1] >> 8,
        c[1] & 0xFF,
        c[2] >> 2,
        (c[2] & 3) << 6 | c[3] >> 4,
        (c[3] & 0xF) << 4 | c[4] >> 2,
        (c[4] & 3) << 6 | c[5],
    ]
    frame = bytes(reversed(backwards[: frame_length(len(values))]))
    return frame[:-1] + bytes([frame[-1] | crc4(frame)])


def encode_state(
    analog: Sequence[int], battery: int, threshold: int, digital: tuple[int, int, int, int]
) -> bytes:
    """Return the answer to the state command, as firmware 5.2 gives it.

    Parameters
    ----------
    analog : six of int
        Counts of A1 to A6, 0 to 1023.
    battery, threshold : int
        Counts (0 to 1023), and the level of its warning (0 to 63).
    digital : four of 0 or 1
        I1, I2, O1, O2.
    """
    i1, i2, o1, o2 = digital
    ports = i1 << 7 | i2 << 6 | o1 << 5 | o2 << 4
    answer = struct.pack("<7HBBB", *analog, battery, threshold, 0, ports)
    return answer[:-1] + bytes([ports | crc4(answer)])


def unpack(frames: NDArray[np.uint8], channels: int) -> NDArray[np.int64]:
    """Return (n, channels) counts of frames (n, length)."""
    b = frames.astype(np.int64)
    columns = [(b[:, -2] & 0xF) << 6 | b[:, -3] >> 2]
    if channels > 1:
        columns.append((b[:, -3] & 3) << 8 | b[:, -4])
    if channels > 2:
        columns.append(b[:, -5] << 2 | b[:, -6] >> 6)
    if channels > 3:
        columns.append((b[:, -6] & 0x3F) << 4 | b[:, -7] >> 4)
    if channels > 4:
        columns.append((b[:, -7] & 0xF) << 2 | b[:, -8] >> 6)
    if channels > 5:
        columns.append(b[:, -8] & 0x3F)
    return np.stack(columns, axis=1)


@dataclass
class BitalinoDecoder:
    """Turn bytes into readings of one channel.

    Parameters
    ----------
    channels : int
        How many channels are acquired, 1 to 6.
    take : int
        Which of them is wanted, counted from 0.

    Attributes
    ----------
    good, bad : int
        Frames delivered, and places where frames were damaged, since this was made.
    """

    channels: int = 1
    take: int = 0
    good: int = 0
    bad: int = 0

    def __post_init__(self) -> None:
        self._length = frame_length(self.channels)
        self._table = _syndromes(self._length)
        self._aligner = Aligner(self._length, SEQUENCE_MODULUS)
        self._buffer = np.empty(0, dtype=np.uint8)

    def push(self, data: bytes, final: bool = False) -> Readings:
        """Return the readings of the frames that `data` completes and proves.

        Parameters
        ----------
        data : bytes
            What arrived.
        final : bool
            Whether no more will come: what is whole is decided on now.
        """
        length = self._length
        fresh = np.frombuffer(data, dtype=np.uint8)
        stream = np.concatenate([self._buffer, fresh])
        count = stream.size - length + 1
        if count <= 0:
            self._buffer = stream
            return Readings.empty()
        syndrome = self._table[0][stream[:count]]
        for place in range(1, length):
            syndrome = syndrome ^ self._table[place][stream[place : place + count]]
        valid = (syndrome == 0) & (stream[:count] & _UNUSED[self.channels] == 0)
        sequence = stream[length - 1 :] >> 4
        digital = stream[length - 2 :][:count] >> 4
        starts, used = self._aligner.advance(valid, sequence[:count], digital, final)
        self.bad = self._aligner.breaks
        self._buffer = stream[used:].copy()
        if not starts:
            return Readings.empty()
        self.good += len(starts)
        at = np.array(starts)
        frames = stream[at[:, None] + np.arange(length)]
        values = unpack(frames, self.channels)[:, self.take]
        return Readings(values.astype(np.float64), sequence[at].astype(np.int64))

    def reset(self) -> None:
        """Forget everything, for a port that was opened anew; the counters stay."""
        self._aligner.reset()
        self._buffer = np.empty(0, dtype=np.uint8)
