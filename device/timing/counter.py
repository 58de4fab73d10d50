"""Counters that wrap around, made to rise for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device.protocols.readings import IntArray

# A board's clock may stray this far from arrivals before it must have begun anew.
_STRAY_S = 5.0


@dataclass
class Unwrapper:
    """Continue a counter of 4, 8, 16, 24 or 32 bits beyond its wrap-around.

    Parameters
    ----------
    modulus : int
        The counter runs from 0 to this, exclusive.
    tolerance : float or None
        How far a step may differ from what was expected before it counts as a restart of the
        counter; None never sees a restart.

    Attributes
    ----------
    missing : int
        Values left out, since this was made; not those before a restart.
    """

    modulus: int
    tolerance: float | None = None
    missing: int = 0
    _raw: int | None = None
    _total: int = 0

    def push(self, raw: IntArray, expected: float | None = None) -> tuple[IntArray, bool]:
        """Return the continued counter and whether it began anew.

        Where it began anew within `raw`, or a value in it cannot be, only what follows is returned.

        Parameters
        ----------
        raw : int64 (n,)
            Counter values as sent, in their order. Each is taken as the next such value after its
            predecessor, at least one step on.
        expected : float or None
            About how far the newest value should be from the last call's, known from elsewhere:
            whole turns that it made unseen are added. A counter that begins anew starts at `raw`.
        """
        if raw.size == 0:
            return raw, False
        restarted = self._raw is None
        before = self._total
        steps = (np.diff(raw) - 1) % self.modulus + 1
        if self._raw is not None:
            step = (int(raw[0]) - self._raw - 1) % self.modulus + 1
            if expected is not None:
                unseen = expected - step - int(steps.sum())
                turns = max(round(unseen / self.modulus), 0)
                step += turns * self.modulus
                if self.tolerance is not None:
                    restarted = abs(unseen - turns * self.modulus) > self.tolerance
            self._total += step
        if restarted:
            if (
                self.tolerance is not None
                and (jumps := np.flatnonzero(steps > self.tolerance)).size
            ):
                raw, steps = raw[jumps[-1] + 1 :], steps[jumps[-1] + 1 :]
            self._total = int(raw[0])
            before = self._total - 1
        total = self._total + np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
        self._raw, self._total = int(raw[-1]), int(total[-1])
        self.missing += self._total - before - raw.size
        return total, restarted

    def reset(self) -> None:
        """Forget where the counter stood."""
        self._raw = None


class TickClock:
    """A board's own clock, continued beyond its wrap-around with the help of arrivals.

    Parameters
    ----------
    modulus : int
        The clock runs from 0 to this, exclusive.
    hz : float
        Ticks in a second.
    """

    def __init__(self, modulus: int, hz: float) -> None:
        self._hz = hz
        self._ticks = Unwrapper(modulus, _STRAY_S * hz)
        self._arrival_s: float | None = None

    def push(self, raw: IntArray, arrival_s: float) -> tuple[IntArray, bool]:
        """Return what `Unwrapper.push` does, of ticks that arrived at `arrival_s`."""
        before_s, self._arrival_s = self._arrival_s, arrival_s
        elapsed = None if before_s is None else (arrival_s - before_s) * self._hz
        return self._ticks.push(raw, elapsed)

    def reset(self) -> None:
        """Forget where the clock stood."""
        self._ticks.reset()
        self._arrival_s = None
