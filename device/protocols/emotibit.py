"""EmotiBit: lines of text in datagrams, one line a packet.

A packet is `timestamp,number,length,tag,version,reliability[,value …]` and a line feed: the board's
milliseconds (32 bits) when its newest value was taken, a count of all packets of all tags (16
bits), how many values follow, two letters that say what they are, and two numbers without use here
(EmotiBit_XPlat_Utils, EmotiBitPacket). A datagram holds whole packets, up to about 512 bytes;
its order is that of the numbers, but that a request for the time (`RD`) may come twice, and early
(EmotiBit_FeatherWing, EmotiBitWiFi).

Three channels: the host asks on UDP port 3131 who is there (`HE`; boards answer `HH`), asks one to
connect (`EC` with the two ports on which it listens) and says every second that it is still there
(`PN`, answered by `PO`). The board then opens a TCP connection for commands to the first port, and
sends its data to the second, by UDP.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

PORT = 3131
NUMBER_MODULUS = 1 << 16
TICK_MODULUS = 1 << 32
TICK_HZ = 1000.0
RATE_HZ = 15.0
# As the board's own buffer limits them.
MAX_DATAGRAM = 512

EDA = "EA"
HELLO_BOARD = "HE"
HELLO_HOST = "HH"
CONNECT = "EC"
PING = "PN"
PONG = "PO"
REQUEST = "RD"
ACKNOWLEDGE = "AK"
LOCAL_TIME = "TL"
NORMAL_POWER = "MN"
LOW_POWER = "ML"
DISCONNECT = "ED"

# What precedes a value in the payloads of the advertising channel.
CONTROL_PORT = "CP"
DATA_PORT = "DP"
DEVICE_ID = "DI"
# The data port of a board that nobody is connected to.
AVAILABLE = -1

_HEAD = re.compile(rb"(\d{1,10}),(\d{1,5}),(\d{1,5}),([A-Z0-9%+\-]{2}),(\d{1,3}),(\d{1,3})(?:,|$)")
# No value, as the board prints it: no packet is damaged by it.
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_NO_NUMBER = frozenset({"nan", "inf", "-inf", "ovf"})


@dataclass(frozen=True)
class Packet:
    """One packet.

    Attributes
    ----------
    timestamp_ms : int
        The board's clock, 0 to 2**32 - 1; when the newest value was taken.
    number : int
        0 to 65535, counting packets of all tags.
    tag : str
        Two characters: what the payload is.
    payload : tuple of str
        As sent.
    """

    timestamp_ms: int
    number: int
    tag: str
    payload: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the packet as it is sent, with its line feed."""
        head = (self.timestamp_ms, self.number, len(self.payload), self.tag, 1, 100)
        return ",".join(map(str, (*head, *self.payload))).encode() + b"\n"

    def labelled(self, label: str) -> str | None:
        """Return the value that follows a label in the payload; None where there is none."""
        for before, after in zip(self.payload, self.payload[1:], strict=False):
            if before == label:
                return after
        return None

    def port(self, label: str) -> int | None:
        """Return a labelled port: 1 to 65535, or `AVAILABLE`; None where there is none such."""
        text = self.labelled(label) or ""
        if not re.fullmatch(r"-?\d{1,5}", text):
            return None
        number = int(text)
        return number if 1 <= number <= 65535 or number == AVAILABLE else None

    def values(self) -> list[float]:
        """Return the payload as numbers; NaN for what is none."""
        numbers = [float(text) if _NUMBER.fullmatch(text) else math.nan for text in self.payload]
        return [number if math.isfinite(number) else math.nan for number in numbers]


def parse(line: bytes) -> Packet | None:
    """Read one packet, without its line feed; None where it is damaged.

    The payload of `HH` is longer than the length in its header: the firmware leaves that at 0.
    """
    head = _HEAD.match(line)
    if head is None:
        return None
    timestamp, number, length = (int(head[i]) for i in (1, 2, 3))
    try:
        tag, rest = head[4].decode(), line[head.end() :].decode("ascii")
    except UnicodeDecodeError:
        return None
    payload = tuple(rest.split(",")) if rest or line.endswith(b",") else ()
    if timestamp >= TICK_MODULUS or number >= NUMBER_MODULUS:
        return None
    if len(payload) != length and tag != HELLO_HOST:
        return None
    if tag == EDA and not all(map(_is_value, payload)):
        return None
    return Packet(timestamp, number, tag, payload)


def parse_datagram(data: bytes) -> tuple[list[Packet], int]:
    """Return the packets of a datagram, or of several, and how many lines were damaged."""
    lines = [line for line in re.split(rb"[\r\n\0]+", data) if line]
    packets = [packet for line in lines if (packet := parse(line)) is not None]
    return packets, len(lines) - len(packets)


def _is_value(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) or text.lower() in _NO_NUMBER
