"""Stamps of a named rate: whether they come steadily, and where they then put each sample."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.samples import FloatArray

# Stamps of a named rate are watched for so long before it is decided what kind they are.
WATCH_S = 1.5
_FEWEST = 6
# A longer step is a gap in the data, or a clock that was set.
GAP_S = 1.5
# Samples of one stamp are a burst, unless they are of one value too and no more than this share.
_TWICE = 0.4
# Stamps are steady where most steps are this near to a whole number of periods, and few are short:
# a short step follows one that was late.
_NEAR = 0.25
SHORT = 0.5
_MOST = 0.75
_FEW = 0.15
# So many steps tell how it has been lately; they are looked at every few steps.
_LATELY = 48
_LOOK_EVERY = 8
# How far a sample is moved towards its stamp, and the period towards the stamps' period.
_GAIN = 0.1
_PERIOD_GAIN = 0.005
_SLOWEST = 0.2


@dataclass(frozen=True)
class Sample:
    """A sample with its stamp, when it came, and how many are missing before it by its number."""

    stamp_s: float
    raw: float
    arrival_s: float
    skipped: int | None = None

    def repeats(self, other: Sample) -> bool:
        """Return whether it is the other one, come twice."""
        same = self.raw == other.raw or (self.raw != self.raw and other.raw != other.raw)
        return same and self.stamp_s == other.stamp_s


@dataclass(frozen=True)
class Judgement:
    """What the first stamps of a stream say.

    Attributes
    ----------
    distinct : bool
        Whether samples of one stamp are one sample that came twice.
    steady : bool
        Whether stamps are steady.
    longest_s : float
        The longest step.
    """

    distinct: bool
    steady: bool
    longest_s: float


def judged(samples: Sequence[Sample], period_s: float) -> Judgement | None:
    """Return what the first samples of a stream say; None while they are too few."""
    if len(samples) < _FEWEST:
        return None
    steps_s = np.diff([sample.stamp_s for sample in samples])
    # A clock that is set ends no watch.
    usual = (steps_s >= 0) & (steps_s <= max(GAP_S, 3.0 * period_s))
    waited_s = samples[-1].arrival_s - samples[0].arrival_s
    if max(float(steps_s[usual].sum()), waited_s - WATCH_S) < WATCH_S:
        return None
    same = steps_s == 0
    twice = np.array([after.repeats(before) for before, after in itertools.pairwise(samples)])
    distinct = bool((same == twice).all() and same.mean() < _TWICE)
    steps = steps_s[usual & ~same if distinct else usual] / period_s
    return Judgement(distinct, bool(steps.size) and are_steady(steps), float(steps_s.max()))


def are_steady(steps: FloatArray) -> bool:
    """Return whether steps, in periods, are those of steady stamps.

    Parameters
    ----------
    steps : float64 (n,)
        n at least 1. Where samples are missing, a step is of several periods.
    """
    near = np.abs(steps - np.maximum(np.rint(steps), 1)) < _NEAR
    return bool(near.mean() > _MOST and (steps < SHORT).mean() < _FEW)


class Grid:
    """A grid of the stream's period that follows its stamps.

    Parameters
    ----------
    period_s : float
        As the stream names it.

    Attributes
    ----------
    at_s : float
        The place of the newest sample.
    period_s : float
        As measured.
    missing : int
        Places that were left empty.
    """

    def __init__(self, period_s: float) -> None:
        self._named_s = self.period_s = period_s
        self.at_s = 0.0
        self.missing = 0
        self._recent: collections.deque[float] = collections.deque(maxlen=_LATELY)
        self._steady, self._steps = False, 0

    def was_steady(self, step_s: float) -> bool:
        """Take one more step from stamp to stamp; return whether they have been steady by now."""
        if not self._steady:
            self._recent.append(step_s / self._named_s)
            self._steps += 1
            due = self._steps >= _LATELY and self._steps % _LOOK_EVERY == 0
            self._steady = due and are_steady(np.array(self._recent))
        return self._steady

    def follow(self, stamp_s: float, held_up: bool) -> float:
        """Return the place of the next sample.

        Parameters
        ----------
        stamp_s : float
            Of that sample.
        held_up : bool
            Whether it was late itself, so that nothing is missing before it.
        """
        step = (stamp_s - self.at_s) / self.period_s
        places = max(round(step), 1)
        early_s = stamp_s - (self.at_s + places * self.period_s)
        if held_up:
            self.at_s += self.period_s
        elif step < SHORT:
            # The one before was held up after all, and nothing was missing.
            self.missing = max(self.missing - 1, 0)
            self.at_s = max(stamp_s, self.at_s + _SLOWEST * self.period_s)
        else:
            self.missing += places - 1
            if step < GAP_S / self.period_s:
                moved_s = self.period_s + _PERIOD_GAIN * early_s / places
                self.period_s = min(max(moved_s, 0.5 * self._named_s), 2.0 * self._named_s)
            self.at_s += places * self.period_s + _GAIN * early_s
        return self.at_s
