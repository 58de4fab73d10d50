"""Numbered things that arrive in any order, once, twice or never: put in order, each once."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

_T = TypeVar("_T")
# A number further off than this is believed when the next one agrees.
_NEAR = 512
_SEEN = 1024


class Reorder(Generic[_T]):
    """Give out things in the order of their numbers.

    A thing whose predecessors are missing is held back until they come, or until it has waited for
    `hold_s`: then they are lost. The very first ones wait for so long too, since nobody knows which
    of them was sent first.

    Parameters
    ----------
    modulus : int
        Numbers run from 0 to this, exclusive, and come round.
    hold_s : float
        How long to wait for what is missing, seconds.
    most : int
        How many things are held back at most.

    Attributes
    ----------
    missing : int
        Numbers that were given up.
    duplicates : int
        Things that had come before.
    late : int
        Things that came after they had been given up, and were not given out.
    strays : int
        Things whose numbers had nothing to do with their neighbours'.
    leaps : int
        How often the numbers went on far away: the count began anew, or much is missing.
    """

    def __init__(self, modulus: int, hold_s: float, most: int = 512) -> None:
        self._modulus = modulus
        self._hold_s = hold_s
        self._most = most
        self.missing = self.duplicates = self.late = self.strays = self.leaps = 0
        self.reset()

    def reset(self) -> None:
        """Forget what is held back and which number comes next; the counters stay."""
        self._anchor: int | None = None
        self._next: int | None = None
        # By number, in the order in which they came; and their numbers as a heap.
        self._held: dict[int, tuple[_T, float]] = {}
        self._numbers: list[int] = []
        self._seen: dict[int, None] = {}
        self._stray: tuple[int, _T] | None = None

    def push(self, number: int, thing: _T, now_s: float) -> list[_T]:
        """Take a thing that came now; return those whose turn it is."""
        if self._anchor is None:
            self._anchor = number
        near = self._anchor if self._next is None else self._next
        total = near + self._ahead(number, near)
        if abs(total - near) > _NEAR:
            return self._far(number, thing, now_s)
        if self._stray is not None:
            self.strays += 1
            self._stray = None
        if total in self._held or total in self._seen:
            self.duplicates += 1
            return []
        if self._next is not None and total < self._next:
            self.late += 1
            return []
        self._held[total] = thing, now_s
        heapq.heappush(self._numbers, total)
        return self.due(now_s)

    def due(self, now_s: float) -> list[_T]:
        """Return the things whose turn it is, or that have waited long enough."""
        out: list[_T] = []
        while self._held:
            first = self._numbers[0]
            if first != self._next:
                _, oldest_s = next(iter(self._held.values()))
                if now_s - oldest_s < self._hold_s and len(self._held) <= self._most:
                    break
                self.missing += 0 if self._next is None else first - self._next
            out.append(self._held.pop(heapq.heappop(self._numbers))[0])
            self._seen[first] = None
            if len(self._seen) > _SEEN:
                del self._seen[next(iter(self._seen))]
            self._next = first + 1
        return out

    def flush(self) -> list[_T]:
        """Return all that is held back, in order."""
        return self.due(float("inf"))

    def _ahead(self, number: int, of: int) -> int:
        half = self._modulus // 2
        return (number - of + half) % self._modulus - half

    def _far(self, number: int, thing: _T, now_s: float) -> list[_T]:
        """Begin anew where two numbers agree; one alone is set aside."""
        before, self._stray = self._stray, (number, thing)
        if before is None:
            return []
        if not 0 < self._ahead(number, before[0]) <= _NEAR:
            self.strays += 1
            return []
        out = self.flush()
        self.reset()
        self.leaps += 1
        return [*out, *self.push(*before, now_s), *self.push(number, thing, now_s)]
