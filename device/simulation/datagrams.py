"""What goes wrong with datagrams on their way: lost, doubled, overtaken, held up; never cut."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np

from device.simulation.faults import Faults, Piece

# What overtakes another does so by about this long: a few datagrams of a wireless network.
_OVERTAKE_S = 0.15


class DatagramLine:
    """A network that loses, doubles, reorders and delays datagrams.

    Parameters
    ----------
    faults : Faults
        Which, and how much; shares are of datagrams.
    seed : int
        The same seed does the same harm to the same datagrams.
    """

    def __init__(self, faults: Faults, seed: int = 0) -> None:
        self._faults = faults
        self._rng = np.random.default_rng(seed)
        self._queue: list[tuple[float, int, Piece]] = []
        self._order = itertools.count()

    def put(self, data: bytes, now_s: float, tag: int | None = None) -> None:
        """Send a datagram on its way."""
        if not data:
            return
        faults, rng = self._faults, self._rng
        lost, flipped, overtaken, doubled = rng.random(4)
        piece = Piece(data, False, tag)
        if lost < faults.drop:
            piece = Piece(b"", True, tag)
        elif flipped < 1.0 - (1.0 - faults.corrupt) ** (8 * len(data)):
            # A checksum of the network covers each datagram: a damaged one is a lost one.
            piece = Piece(b"", True, tag)
        due_s = now_s
        if faults.burst_s:
            due_s = (now_s // faults.burst_s + 1.0) * faults.burst_s
        if faults.jitter_s:
            due_s += float(rng.uniform(0.0, faults.jitter_s))
        if overtaken < faults.reorder:
            due_s += _OVERTAKE_S
        self._push(due_s, piece)
        if doubled < faults.duplicate and piece.data:
            self._push(due_s + float(rng.uniform(0.0, _OVERTAKE_S)), Piece(data, False, None))

    def due(self, now_s: float) -> list[Piece]:
        """Return what arrives by now."""
        pieces = []
        while self._queue and self._queue[0][0] <= now_s:
            pieces.append(heapq.heappop(self._queue)[2])
        return pieces

    def next_due_s(self) -> float:
        """Return when the next datagram arrives; infinite where none is on its way."""
        return self._queue[0][0] if self._queue else math.inf

    def clear(self) -> None:
        """Lose everything that is on its way."""
        self._queue.clear()

    def _push(self, due_s: float, piece: Piece) -> None:
        heapq.heappush(self._queue, (due_s, next(self._order), piece))
