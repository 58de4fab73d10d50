"""Datagrams that no EmotiBit would send, and a transport that brings them."""

from __future__ import annotations

import numpy as np

from device.boards.emotibit import EmotibitBoard
from device.protocols import emotibit
from device.protocols.emotibit import Packet
from device.timing.now import now_s

# Between the board's own datagrams.
_STEP_S = 0.066
_LONGEST_RANDOM = 600
_LONGEST_ANSWER = 8192


class Feed:
    """A transport on which a datagram arrives at every read, on a clock of its own.

    Attributes
    ----------
    data : bytes
        What arrives next.
    answered : int
        Datagrams that were sent back.
    """

    port = device = "emotibit:fuzz"
    identity = ""
    baud = 0

    def __init__(self) -> None:
        self.at_s = now_s()
        self.data = b""
        self.answered = 0

    def open(self) -> None:
        """Do nothing: it is always open."""

    def close(self) -> None:
        """Do nothing."""

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return the next datagram at once."""
        self.at_s += _STEP_S
        return self.data, self.at_s

    def write(self, data: bytes) -> None:
        """Count an answer; none is long."""
        self.answered += 1
        if len(data) >= _LONGEST_ANSWER:
            raise AssertionError(f"an answer of {len(data)} bytes")


def real_datagrams(count: int) -> list[bytes]:
    """Return datagrams of a simulated board."""
    board = EmotibitBoard()
    return [data for i in range(count) if (data := board.frame(2.0 + 0.01 * i, i / 15))]


def mutated(rng: np.random.Generator, frames: list[bytes]) -> bytes:
    """Return random bytes, a real datagram, a wounded one, or a packet that claims anything."""
    kind = int(rng.integers(4))
    if kind == 0:
        return rng.bytes(int(rng.integers(_LONGEST_RANDOM)))
    if kind == 3:
        values = tuple(f"{value:.3f}" for value in rng.normal(5, 50, int(rng.integers(0, 90))))
        stamp, number = int(rng.integers(emotibit.TICK_MODULUS)), int(rng.integers(1 << 16))
        tag = ("EA", "RD", "HH", "PG")[int(rng.integers(4))]
        return Packet(stamp, number, tag, values).to_bytes()
    data = frames[int(rng.integers(len(frames)))]
    if kind == 2:
        wounded = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            wounded[int(rng.integers(len(wounded)))] ^= 1 << int(rng.integers(8))
        data = bytes(wounded[int(rng.integers(4)) :])
    return data
