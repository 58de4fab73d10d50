"""Finding out which sensor is on a port: listen first, and ask only what does no harm.

Boards that talk by themselves are known by what they say. Of a port that stays silent, or talks
without being understood, two questions are asked: BITalino's version (0x07), to which a Shimmer
answers with an acknowledgement and a start, so that it is stopped again and asked by its inquiry.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from device.errors import SilentPortError, UnrecognisedDataError
from device.protocols import bitalino, shimmer
from device.protocols.bitalino import BitalinoDecoder
from device.protocols.grove import GroveDecoder
from device.protocols.rtcan import RtcanDecoder
from device.serial.transport import SerialTransport

# The usual speeds first; a port that talks nonsense is tried at the next.
BAUDS = (115200, 9600, 57600, 38400, 230400, 19200)
# An Uno is silent for two seconds after its port was opened.
_PATIENCE_S = 4.0
_QUIET_S = 0.3
_ANSWER_S = 0.5
# Nonsense of this long, at one speed, is nonsense.
_NONSENSE_S = 1.2
_LISTEN_S = 0.05
_ENOUGH_LINES = 3
_ENOUGH_FRAMES = 24


@dataclass
class Found:
    """What was found on a port.

    Attributes
    ----------
    key : str
        The sensor's name for `--sensor`.
    baud : int
        At which speed it was understood.
    heard : list of (bytes, float)
        What arrived meanwhile, with its monotonic time; belongs to a sensor that talks by itself.
    """

    key: str
    baud: int
    heard: list[tuple[bytes, float]] = field(default_factory=list)


def recognise(data: bytes) -> str | None:
    """Return which sensor talks like that by itself; None while it is not clear.

    Parameters
    ----------
    data : bytes
        All that arrived at one speed.
    """
    frames = RtcanDecoder()
    frames.push(data)
    if frames.good:
        return "rtcan"
    lines = GroveDecoder(limit=1e6)
    lines.push(data)
    # Where only the user can say which number is meant, the driver asks for it.
    good = lines.good + lines.unclear
    if good >= _ENOUGH_LINES and lines.bad - lines.unclear <= good // 4:
        return "grove"
    for channels in range(1, 7):
        decoder = BitalinoDecoder(channels)
        taken = len(decoder.push(data, final=True))
        if taken >= _ENOUGH_FRAMES and taken * bitalino.frame_length(channels) > 0.8 * len(data):
            return "bitalino"
    return None


def detect(
    transport: SerialTransport, baud: int | None = None, silent_s: float = math.inf
) -> Found:
    """Find out which sensor is on an open port.

    Parameters
    ----------
    transport : SerialTransport
        Open; its speed may be changed.
    baud : int or None
        The speed, where it is known.
    silent_s : float
        How long a port may be silent, where that is to be less than four seconds.

    Raises
    ------
    SilentPortError
        Nothing arrived and nothing was answered.
    UnrecognisedDataError
        Something talks, but none of the sensors talks like that.
    SensorDisconnectedError
        The port went away.
    """
    patience_s = min(_PATIENCE_S, silent_s)
    speeds = (baud,) if baud is not None else BAUDS
    sample = b""
    for speed in speeds:
        if transport.baud != speed:
            transport.set_baud(speed)
        found = _at_one_speed(transport, speed, patience_s)
        if isinstance(found, Found):
            return found
        sample = sample or found
        if not found:
            # Silence is the same at every speed, but for a board that only answers at its own.
            break
    if sample:
        tried = ", ".join(str(speed) for speed in speeds)
        raise UnrecognisedDataError(
            f"{transport.port} talks, but like none of the known sensors (speeds tried: {tried}). "
            f"It began with {sample[:48]!r}. Name what it is with --sensor, and its speed with "
            "--baud."
        )
    raise SilentPortError(
        f"{transport.port} is open, but nothing on it talks or answers within "
        f"{patience_s:g} s. Is the sensor switched on, and this its port (see rtcan-devices)? "
        "Or name the sensor with --sensor, which then waits for it."
    )


def _at_one_speed(transport: SerialTransport, speed: int, patience_s: float) -> Found | bytes:
    """Return what was found, else the bytes that were not understood."""
    heard: list[tuple[bytes, float]] = []
    began_s = time.monotonic()
    first_s: float | None = None
    asked = False
    size = 0
    while True:
        data, now_s = transport.read(_LISTEN_S)
        if data:
            first_s = now_s if first_s is None else first_s
            heard.append((data, now_s))
            size += len(data)
            key = recognise(b"".join(piece for piece, _ in heard))
            if key is not None:
                return Found(key, speed, heard)
        talked_s = 0.0 if first_s is None else now_s - first_s
        quiet = not data and first_s is None and now_s - began_s >= _QUIET_S
        if not asked and (quiet or talked_s >= _NONSENSE_S):
            asked = True
            key = _ask(transport)
            if key is not None:
                return Found(key, speed)
        elif asked and talked_s >= 2 * _NONSENSE_S:
            return b"".join(piece for piece, _ in heard)
        if now_s - began_s > patience_s and (size == 0 or talked_s >= 2 * _NONSENSE_S):
            return b"".join(piece for piece, _ in heard)


def _ask(transport: SerialTransport) -> str | None:
    transport.write(bitalino.COMMAND_VERSION)
    answer = _listen(transport, _ANSWER_S, bitalino.VERSION_PREFIX)
    if bitalino.VERSION_PREFIX in answer:
        return "bitalino"
    if shimmer.ACK not in answer:
        return None
    transport.write(shimmer.COMMAND_STOP)
    _listen(transport, _ANSWER_S, None)
    transport.write(shimmer.COMMAND_INQUIRY)
    answer = b""
    until_s = time.monotonic() + _ANSWER_S
    while time.monotonic() < until_s:
        answer += transport.read(_LISTEN_S)[0]
        if any(
            shimmer.parse_inquiry(answer, which) for which in (shimmer.SHIMMER3, shimmer.SHIMMER3R)
        ):
            return "shimmer"
    return None


def _listen(transport: SerialTransport, for_s: float, until: bytes | None) -> bytes:
    answer = b""
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s and (until is None or until not in answer):
        answer += transport.read(_LISTEN_S)[0]
    return answer
