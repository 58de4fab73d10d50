"""What goes wrong on the way from a board to its port, on demand and reproducibly."""

from __future__ import annotations

import collections
import math
from dataclasses import dataclass, fields

import numpy as np

from device.errors import DeviceError

_SHARES = frozenset({"drop", "corrupt", "reorder", "duplicate"})


@dataclass(frozen=True)
class Faults:
    """Faults of a simulated sensor; zero is none.

    Attributes
    ----------
    drop : float
        Share of bytes that are lost; of datagrams, on a network.
    corrupt : float
        Share of bits that are flipped.
    reorder, duplicate : float
        Share of datagrams that are overtaken, and that come twice; a cable does neither.
    jitter_s : float
        Longest random delay on the way.
    drift_ppm : float
        How much too fast the board's clock runs, parts per million.
    burst_s : float
        Bytes arrive together, once in so many seconds.
    unplug_every_s : float
        The port goes away after so many seconds, for `away_s`.
    away_s : float
        How long the port stays away.
    reset_every_s : float
        The board starts anew after so many seconds, while the port stays.
    lift_s, lift_every_s : float
        The electrodes are lifted for so many seconds, once in so many.
    """

    drop: float = 0.0
    corrupt: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    jitter_s: float = 0.0
    drift_ppm: float = 0.0
    burst_s: float = 0.0
    unplug_every_s: float = 0.0
    away_s: float = 1.0
    reset_every_s: float = 0.0
    lift_s: float = 0.0
    lift_every_s: float = 30.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            top = 1.0 if item.name in _SHARES else 1e6
            low = -top if item.name == "drift_ppm" else 0.0
            if not low <= value <= top:
                raise DeviceError(f"Fault {item.name} is {value}; expected {low:g} to {top:g}")

    @property
    def pace(self) -> float:
        """Seconds of the board's clock in a true second."""
        return 1.0 + 1e-6 * self.drift_ppm

    def lifted(self, time_s: float) -> bool:
        """Say whether the electrodes are off the skin, `time_s` seconds after the beginning."""
        if self.lift_s <= 0:
            return False
        return time_s % self.lift_every_s >= self.lift_every_s - self.lift_s


@dataclass(frozen=True)
class Piece:
    """Bytes on their way.

    Attributes
    ----------
    data : bytes
        What is left of them.
    damaged : bool
        Whether bytes were lost or bits flipped.
    tag : int or None
        Number of the sample that they carry.
    """

    data: bytes
    damaged: bool
    tag: int | None


class FaultyLine:
    """A line that loses bytes, flips bits, and holds things up, but keeps their order.

    Parameters
    ----------
    faults : Faults
        Which, and how much.
    seed : int
        The same seed does the same harm to the same bytes.
    """

    def __init__(self, faults: Faults, seed: int = 0) -> None:
        self._faults = faults
        self._rng = np.random.default_rng(seed)
        self._queue: collections.deque[tuple[float, Piece]] = collections.deque()
        self._latest_s = 0.0

    def put(self, data: bytes, now_s: float, tag: int | None = None) -> None:
        """Send bytes on their way."""
        faults, rng = self._faults, self._rng
        if not data:
            return
        damaged = False
        if faults.corrupt:
            bits = rng.random(len(data) * 8) < faults.corrupt
            if bits.any():
                damaged = True
                data = (np.frombuffer(data, dtype=np.uint8) ^ np.packbits(bits)).tobytes()
        if faults.drop:
            lost = rng.random(len(data)) < faults.drop
            if lost.any():
                damaged = True
                data = np.frombuffer(data, dtype=np.uint8)[~lost].tobytes()
        due_s = now_s
        if faults.burst_s:
            due_s = (now_s // faults.burst_s + 1.0) * faults.burst_s
        if faults.jitter_s:
            due_s += float(rng.uniform(0.0, faults.jitter_s))
        self._latest_s = max(self._latest_s, due_s)
        self._queue.append((self._latest_s, Piece(data, damaged, tag)))

    def happens(self, share: float) -> bool:
        """Say whether something that happens with this probability happens now."""
        return share > 0 and bool(self._rng.random() < share)

    def due(self, now_s: float) -> list[Piece]:
        """Return what arrives by now."""
        pieces = []
        while self._queue and self._queue[0][0] <= now_s:
            pieces.append(self._queue.popleft()[1])
        return pieces

    def next_due_s(self) -> float:
        """Return when the next bytes arrive; infinite where none are on their way."""
        return self._queue[0][0] if self._queue else math.inf

    def clear(self) -> None:
        """Lose everything that is on its way."""
        self._queue.clear()
