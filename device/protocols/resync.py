"""Finding frames again in a stream that has no sync word, only a weak checksum and a counter.

A frame that follows its predecessor without a gap, with a right checksum, the next number and the
same mark (bits of a frame that seldom change), is taken at once. Anywhere else the next few frames'
worth of bytes are looked at together, and that chain of frames is taken which explains most of
them: frames whose checksums hold, whose numbers fit the room between them and whose marks stay. So
one flipped bit costs one frame, one lost byte costs one frame, and a whole frame between two
damaged ones is still found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Number and mark of the frame that would begin at each byte.
Signs = Sequence[tuple[int, int]]

# Bytes that are weighed together, in frames.
_WINDOW = 8
# What a chain loses at a joint: numbers fit and whole frames are missing; numbers fit and bytes
# were lost; numbers do not fit, without and with a gap. A frame itself wins 1.
_WHOLE, _CUT, _JUMP, _BREAK = 0.1, 0.4, 1.5, 2.5
# What it loses where the mark changes: a true change comes alone, a false frame changes it twice.
_CHANGE = 0.45
# What a chain must win: with a predecessor to fit to, and without one.
_KNOWN, _UNKNOWN = 0.5, 2.5
# After this many frames of nonsense the predecessor says nothing any more.
_FORGET = 32


class Aligner:
    """Choose the places where frames begin.

    Parameters
    ----------
    length : int
        Bytes of a frame.
    modulus : int
        The counter runs from 0 to this, exclusive.

    Attributes
    ----------
    breaks : int
        How often the chain was broken since this was made.
    """

    def __init__(self, length: int, modulus: int) -> None:
        self._length = length
        self._modulus = modulus
        self.breaks = 0
        self.reset()

    def reset(self) -> None:
        """Forget the chain; the counter of breaks stays."""
        self._last: tuple[int, int] | None = None
        self._gap = 0

    def advance(
        self,
        valid: NDArray[np.bool_],
        sequence: NDArray[Any],
        mark: NDArray[Any],
        final: bool = False,
    ) -> tuple[list[int], int]:
        """Return the places taken, ascending, and how many bytes are done with.

        Parameters
        ----------
        valid : bool (n,)
            Whether a frame that begins at byte i has a right checksum.
        sequence : integers (n,)
            The counter that such a frame would have.
        mark : integers (n,)
            Its bits that seldom change.
        final : bool
            Whether no more bytes will come: decide on what there is.
        """
        ok: Sequence[bool] = valid.tolist()
        signs: Signs = list(zip(sequence.tolist(), mark.tolist(), strict=True))
        taken: list[int] = []
        at, end, length, modulus = 0, len(ok), self._length, self._modulus
        last = self._last
        while at < end:
            follows = ok[at] and self._gap == 0 and last is not None
            if follows and last and signs[at] == ((last[0] + 1) % modulus, last[1]):
                taken.append(at)
                last = signs[at]
                at += length
                continue
            stop = at + _WINDOW * length
            if stop > end and not final:
                break
            self._last = last
            first = self._best(ok, signs, at, min(stop, end))
            if self._gap == 0:
                self.breaks += 1
            if first is None:
                # A frame may begin in the last bytes and end behind them: they stay.
                step = min(stop, end) - at - (0 if final else length - 1)
                at += step
                self._gap += step
            else:
                taken.append(first)
                last = signs[first]
                at, self._gap = first + length, 0
            if self._gap > _FORGET * length:
                last = None
        self._last = last
        return taken, at

    def _best(self, ok: Sequence[bool], signs: Signs, at: int, stop: int) -> int | None:
        """Return where the best chain within [at, stop) begins; None where none convinces."""
        nodes = [i for i in range(at, stop) if ok[i]]
        tail: dict[int, float] = {}
        for i in reversed(nodes):
            later = [
                tail[j] - self._joint(j - i - self._length, signs[i], signs[j])
                for j in nodes
                if j >= i + self._length
            ]
            tail[i] = 1.0 + max([0.0, *later])
        best, chosen = _UNKNOWN if self._last is None else _KNOWN, None
        for i in nodes:
            total = tail[i]
            if self._last is not None:
                total -= self._joint(self._gap + i - at, self._last, signs[i])
            if total >= best + (1e-9 if chosen is not None else 0.0):
                best, chosen = total, i
        return chosen

    def _joint(self, gap: int, before: tuple[int, int], after: tuple[int, int]) -> float:
        missing, rest = divmod(gap, self._length)
        step = after[0] - before[0]
        change = _CHANGE * (before[1] != after[1])
        if (step - 1 - missing - (rest > 0)) % self._modulus == 0:
            return change + (_CUT if rest else _WHOLE * (missing > 0))
        return change + (_BREAK if gap else _JUMP)
