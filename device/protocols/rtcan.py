"""Our own firmware's frames: COBS, ended by a zero byte, guarded by a CRC-16.

A frame's payload, little-endian, is one of

    0x01  u16 sequence  u32 microseconds  u16 adc          one sample
    0x41  u8 bits  u16 open  u16 rate  u8 started          the settings: at the start (started 1),
                                                           after every command, once a second
    0x81  text                                             an answer or the greeting after a start

each followed by its CRC-16 (XMODEM: `binascii.crc_hqx(payload, 0)`). The low six bits of the first
byte are the protocol's version. The settings say in few bytes, which pass a bad line, what a reader
must know to use a sample. Commands go the other way as lines of text; see `identity`.
"""

from __future__ import annotations

import binascii
import re
import struct
from dataclasses import dataclass, field

import numpy as np

from device.protocols import cobs
from device.protocols.readings import Readings

VERSION = 1
_SAMPLE = struct.Struct("<BHIH")
_CRC = struct.Struct("<H")
_SETTINGS = struct.Struct("<BBHHB")
_SETTINGS_KIND = 0x40 | VERSION
_TEXT = 0x80 | VERSION
# A coded sample is one byte longer than its payload and CRC.
_CODED = _SAMPLE.size + _CRC.size + 1
_MAX_FRAME = 160

RATES_HZ = (10.0, 200.0)
SEQUENCE_MODULUS = 1 << 16
TICK_MODULUS = 1 << 32
TICK_HZ = 1e6

ASK_IDENTITY = b"?\n"


def command_rate(rate_hz: float) -> bytes:
    """Return the line that sets the sampling rate; the firmware takes whole numbers, 10 to 200."""
    return f"rate {round(rate_hz)}\n".encode("ascii")


def command_open(open_adc: float) -> bytes:
    """Return the line that stores the reading with open electrodes in the board's EEPROM."""
    return f"open {round(open_adc)}\n".encode("ascii")


@dataclass(frozen=True)
class Identity:
    """What a board says about itself.

    Attributes
    ----------
    board : str
        Name of the hardware; "" where the settings alone were heard.
    bits : int
        Resolution of a reading.
    open_adc : float
        Reading with open electrodes.
    rate_hz : float
        Sampling rate now.
    started : bool
        Whether this is the greeting after a start, not an answer.
    """

    board: str
    bits: int
    open_adc: float
    rate_hz: float
    started: bool

    @property
    def possible(self) -> bool:
        """Whether these can be a board's settings."""
        return 8 <= self.bits <= 16 and 0 < self.open_adc < 2**self.bits and self.rate_hz > 0

    def to_text(self) -> str:
        """Return the line as the firmware sends it."""
        return (
            f"{'hello' if self.started else 'rtcan'} {VERSION} board={self.board} "
            f"bits={self.bits} open={self.open_adc:g} rate={self.rate_hz:g}"
        )


_IDENTITY = re.compile(
    r"(hello|rtcan) (\d{1,3}) board=(\S{1,40}) bits=(\d{1,2}) open=(\d{1,5}) rate=(\d{1,4})"
)


def parse_identity(text: str) -> Identity | None:
    """Read an identity line; None where it is none of this protocol's version."""
    match = _IDENTITY.fullmatch(text.strip())
    if match is None or int(match[2]) != VERSION:
        return None
    identity = Identity(
        match[3], int(match[4]), float(match[5]), float(match[6]), match[1] == "hello"
    )
    return identity if identity.possible else None


@dataclass
class RtcanDecoder:
    """Turn bytes into samples and texts.

    Attributes
    ----------
    good, bad : int
        Frames understood and frames refused since this was made.
    texts : list of str
        Texts in the order of their arrival; the caller takes them out.
    settings : list of Identity
        Settings in the order of their arrival; the caller takes them out.
    starts : list of int
        For each sign of a start, how many of the last push's readings came before it.
    """

    good: int = 0
    bad: int = 0
    texts: list[str] = field(default_factory=list)
    settings: list[Identity] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    _rest: bytes = b""
    _at_start: bool = True

    def push(self, data: bytes) -> Readings:
        """Return the samples whose frames `data` completes."""
        *frames, rest = (self._rest + data).split(b"\0")
        if len(rest) > _MAX_FRAME:
            # Nothing of ours is that long; a sample that ends it may still be complete.
            rest = rest[-_CODED:]
            self.bad += 1
        self._rest = rest
        self.starts.clear()
        del self.settings[:-16]
        del self.texts[:-16]  # a board that talks without end must not fill the memory
        rows: list[tuple[int, int, int]] = []
        for frame in frames:
            first, self._at_start = self._at_start, False
            if frame and not self._frame(frame, rows) and not first:
                self.bad += 1
        if not rows:
            return Readings.empty()
        table = np.array(rows, dtype=np.int64)
        return Readings(table[:, 2].astype(np.float64), table[:, 0], table[:, 1])

    def reset(self) -> None:
        """Forget the half frame, for a port that was opened anew; the counters stay."""
        self._rest = b""
        self._at_start = True
        self.texts.clear()
        self.settings.clear()
        self.starts.clear()

    def _frame(self, coded: bytes, rows: list[tuple[int, int, int]]) -> bool:
        payload = _checked(coded)
        if payload is None:
            if len(coded) <= _CODED:
                return False
            # A lost or flipped delimiter joins two frames: each may still be whole in itself.
            head = _checked(coded[:_CODED])
            found = head is not None and self._take(head, rows)
            tail = _checked(coded[max(_CODED if found else 0, len(coded) - _CODED) :])
            if tail is not None:
                found = self._take(tail, rows) or found
            return found
        return self._take(payload, rows)

    def _take(self, payload: bytes, rows: list[tuple[int, int, int]]) -> bool:
        if payload[0] == VERSION and len(payload) == _SAMPLE.size:
            _, sequence, micros, adc = _SAMPLE.unpack(payload)
            rows.append((sequence, micros, adc))
        elif payload[0] == _SETTINGS_KIND and len(payload) == _SETTINGS.size:
            _, bits, open_adc, rate_hz, started = _SETTINGS.unpack(payload)
            settings = Identity("", bits, float(open_adc), float(rate_hz), bool(started))
            if not settings.possible:
                return False
            self.settings.append(settings)
            if settings.started:
                self.starts.append(len(rows))
        elif payload[0] == _TEXT:
            text = payload[1:].decode("ascii", errors="replace")
            self.texts.append(text)
            if text.startswith("hello"):
                self.starts.append(len(rows))
        else:
            return False
        self.good += 1
        return True


def _checked(coded: bytes) -> bytes | None:
    """Return the payload of a frame whose CRC holds."""
    frame = cobs.decode(coded)
    if frame is None or len(frame) < 1 + _CRC.size:
        return None
    payload, (crc,) = frame[: -_CRC.size], _CRC.unpack(frame[-_CRC.size :])
    return payload if binascii.crc_hqx(payload, 0) == crc else None


def _framed(payload: bytes) -> bytes:
    return cobs.encode(payload + _CRC.pack(binascii.crc_hqx(payload, 0))) + b"\0"


def encode_sample(sequence: int, micros: int, adc: int) -> bytes:
    """Return the frame of one sample; the counters wrap as on the board."""
    return _framed(_SAMPLE.pack(VERSION, sequence % SEQUENCE_MODULUS, micros % TICK_MODULUS, adc))


def encode_settings(identity: Identity) -> bytes:
    """Return the frame of the settings."""
    return _framed(
        _SETTINGS.pack(
            _SETTINGS_KIND,
            identity.bits,
            round(identity.open_adc),
            round(identity.rate_hz),
            identity.started,
        )
    )


def encode_text(text: str) -> bytes:
    """Return the frame of a text."""
    return _framed(bytes([_TEXT]) + text.encode("ascii"))
