"""Time stamps that come with samples, as those of Lab Streaming Layer, made fit for a clock.

A stamp may be the time at which a sample was taken, or only the time at which some program handed
it on: late by an unknown delay, never early. There are three kinds of streams:

exact
    Of no steady rate, or with stamps that are the samples' own times: stamps are taken as they are.
steady
    Of a named rate, and stamps that come with it: each sample is set where the rate puts it after
    the one before, and moved a little towards its stamp. A stamp that is whole periods late, and
    the next one too, says that samples are missing.
counted
    Of a named rate, and stamps that come in bursts or at random: samples are counted, and
    `device.timing.host_clock` puts the line under their stamps, as it does with arrivals.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from device.protocols.readings import IntArray
from device.samples import FloatArray
from device.timing.clock import Clock, CountClock
from device.timing.host_clock import HostClock

# Stamps of a named rate are watched for so long before it is decided what kind they are.
_WATCH_S = 1.5
_FEWEST = 6
# They are steady where most steps are this near to a whole number of periods, and few are short: a
# short step follows one that was late.
_STEADY = 0.25
_SHORT = 0.5
_MOST = 0.75
_FEW = 0.15
# Samples of one stamp are a burst, unless they are of one value too and no more than this share.
_TWICE = 0.4
# How far a sample is moved towards its stamp, and the period towards the stamps' period.
_GAIN = 0.1
_PERIOD_GAIN = 0.005
_SLOWEST = 0.2
# After a longer step, in periods, it is seen first whether the next sample comes at once.
_ROOM = 1.5
# A longer step is a gap in the data, or a clock that was set.
_GAP_S = 1.5
# Stamps of this computer's clock are no later than their arrival, and not much earlier.
_FUTURE_S = 0.05
_PAST_S = 10.0
# Samples with stamps this near to each other, in periods, were handed on together.
_TOGETHER = 0.25
# A clock that looks for missing turns of a counter finds none that are shorter.
_TURN_S = 0.03
# A stream without numbers may lose samples unseen: its pace is measured over a shorter time.
_MEMORY_S = {True: 60.0, False: 10.0}


@dataclass(frozen=True)
class Stamped:
    """Samples of one unbroken count.

    Attributes
    ----------
    raw : float64 (n,)
        Their values, as pushed.
    position_s : float64 (n,)
        Rising seconds by the stream's own reckoning.
    arrival_s : float
        What the clock is to take for the arrival of the last one.
    restarted : bool
        Whether the count began anew.
    """

    raw: FloatArray
    position_s: FloatArray
    arrival_s: float
    restarted: bool


@dataclass(frozen=True)
class _Sample:
    stamp_s: float
    raw: float
    arrival_s: float
    skipped: int | None = None

    def repeats(self, other: _Sample) -> bool:
        same = self.raw == other.raw or (self.raw != self.raw and other.raw != other.raw)
        return same and self.stamp_s == other.stamp_s


class Stamps:
    """Turn stamps into positions and arrivals.

    Parameters
    ----------
    rate_hz : float or None
        As named by the stream; None where it is irregular.
    exact : bool
        Whether stamps are the samples' own times; always so where the rate is irregular.

    Attributes
    ----------
    kind : str or None
        "exact", "steady" or "counted"; None while stamps are watched.
    dropped : int
        Samples that came twice, and those that came after one with a later stamp where only stamps
        tell where they belong.
    jumps : int
        How often the clock of the stamps was set.
    foreign : bool
        Whether stamps are of another clock than this computer's.
    """

    def __init__(self, rate_hz: float | None, exact: bool = False) -> None:
        self.kind: str | None = "exact" if exact or rate_hz is None else None
        self.dropped, self.jumps, self.foreign = 0, 0, False
        self._period_s = self._named_s = 1.0 / rate_hz if rate_hz else 0.0
        self._held: list[_Sample] = []
        self._missing = self._ahead = 0
        self._gap_s = _GAP_S
        self._distinct, self._numbered = True, False
        self._last: _Sample | None = None
        self._at_s = 0.0

    @property
    def lost(self) -> int:
        """Samples that are missing by their stamps."""
        return self._missing + self._ahead

    @property
    def turn_samples(self) -> int:
        """Samples in a turn of the clock that `clock` returns."""
        return max(round(_TURN_S / self._named_s), 1) if self.kind == "counted" else 1

    def clock(self) -> Clock:
        """Return the clock for what was pushed; ask when the first piece has been returned."""
        if self.kind != "counted":
            return CountClock()
        turn_s = None if self._numbered else self.turn_samples * self._named_s
        memory_s = _MEMORY_S[self._numbered]
        return HostClock(known_rate=False, memory_s=memory_s, settle_s=_WATCH_S, turn_s=turn_s)

    def begin(self) -> None:
        """Take that the stream was opened: a new count begins, where stamps are not the time."""
        if self.kind == "counted":
            self._last = None

    def push(
        self,
        stamp_s: FloatArray,
        raw: FloatArray,
        arrival_s: float,
        skipped: IntArray | None = None,
    ) -> list[Stamped]:
        """Return the samples that have their place now: none while the stamps are watched.

        Parameters
        ----------
        stamp_s : float64 (n,)
            Brought to the clock of `device.timing.now`, where the way there is known.
        raw : float64 (n,)
            The samples' values.
        arrival_s : float
            When they were read.
        skipped : int64 (n,) or None
            How many samples are missing before each, where the stream numbers them; None where
            only stamps tell.
        """
        missing = [None] * raw.size if skipped is None else skipped.tolist()
        triples = zip(stamp_s.tolist(), raw.tolist(), missing, strict=True)
        self._held += [_Sample(at_s, value, arrival_s, n) for at_s, value, n in triples]
        if self.kind is None and not self._watched():
            return []
        if self.kind == "exact":
            self._held.sort(key=lambda sample: sample.stamp_s)
        return self._pieces(waits=True)

    def flush(self) -> list[Stamped]:
        """Return samples that still wait, from what is known so far."""
        if self._held:
            self.kind = self.kind or "counted"
        return self._pieces(waits=False)

    def _leaves_room(self, sample: _Sample) -> bool:
        """Say whether samples may be missing before this one: the next to come tells."""
        if self._last is None or not self._named_s or self._numbered:
            return False
        if self.kind == "counted":
            return sample.stamp_s - self._last.stamp_s > self._gap_s
        return sample.stamp_s - self._at_s > _ROOM * self._named_s

    def _pieces(self, *, waits: bool) -> list[Stamped]:
        samples, self._held = self._held, []
        pieces: list[Stamped] = []
        group: list[tuple[_Sample, float]] = []
        restarted = False
        for i, sample in enumerate(samples):
            rest = (other for other in samples[i + 1 :] if not other.repeats(sample))
            after = next(rest, None)
            if waits and after is None and self._leaves_room(sample):
                self._held = samples[i:]
                break
            new = self._is_new(sample, after)
            position_s = self._place(sample, new, after)
            if position_s is None:
                self.dropped += 1
                continue
            if group and (new or not self._together(sample, group[-1][0])):
                pieces.append(self._piece(group, restarted))
                group, restarted = [], False
            restarted = restarted or new
            group.append((sample, position_s))
            self._last, self._at_s = sample, position_s
        if group:
            pieces.append(self._piece(group, restarted))
        return pieces

    def _piece(self, group: list[tuple[_Sample, float]], restarted: bool) -> Stamped:
        newest = group[-1][0]
        by_stamp = self.kind == "counted" and not self.foreign
        return Stamped(
            np.array([sample.raw for sample, _ in group]),
            np.array([position_s for _, position_s in group]),
            newest.stamp_s if by_stamp else newest.arrival_s,
            restarted,
        )

    def _together(self, sample: _Sample, before: _Sample) -> bool:
        """Say whether two samples are one burst for the clock."""
        if self.kind != "counted" or self.foreign:
            return sample.arrival_s == before.arrival_s
        return sample.stamp_s - before.stamp_s < _TOGETHER * self._named_s

    def _is_new(self, sample: _Sample, after: _Sample | None) -> bool:
        """Notice that the count cannot go on: a gap, a clock that was set, or the beginning."""
        last, late_s = self._last, sample.arrival_s - sample.stamp_s
        was_set = last is None
        if last is not None:
            step_s = sample.stamp_s - last.stamp_s
            beyond_s = step_s - (sample.arrival_s - last.arrival_s) if self.foreign else -late_s
            was_set = step_s < -_GAP_S or min(step_s, beyond_s) > _GAP_S
            self.foreign = self.foreign or late_s < -_GAP_S
            if was_set:
                self.jumps += 1
            elif self.kind != "counted" or step_s <= self._gap_s or self._catches_up(sample, after):
                return False
            else:
                self._missing += max(sample.skipped or round(step_s / self._named_s) - 1, 0)
        if was_set:
            self.foreign = not -_FUTURE_S <= late_s <= _PAST_S
        return True

    def _catches_up(self, sample: _Sample, after: _Sample | None) -> bool:
        """Say whether a sample was held up, not late for those that are missing before it."""
        return after is not None and after.stamp_s - sample.stamp_s < _SHORT * self._named_s

    def _place(self, sample: _Sample, new: bool, after: _Sample | None) -> float | None:
        """Return a sample's place in seconds; None for one that has none."""
        if new or (last := self._last) is None:
            return 0.0 if self.kind == "counted" else sample.stamp_s
        if self.kind == "exact":
            return sample.stamp_s if sample.stamp_s > last.stamp_s else None
        if self._distinct and sample.repeats(last) and not self._numbered:
            return None
        if self.kind == "counted":
            self._missing += sample.skipped or 0
            return self._at_s + self._named_s * (1 + (sample.skipped or 0))
        step = (sample.stamp_s - self._at_s) / self._period_s
        places = max(round(step), 1)
        if self._catches_up(sample, after):
            return self._at_s + self._period_s
        early_s = sample.stamp_s - (self._at_s + places * self._period_s)
        self._ahead += places - 1
        if step < _SHORT:
            # The one before was held up after all, and nothing was missing.
            self._ahead = max(self._ahead - 1, 0)
            return max(sample.stamp_s, self._at_s + _SLOWEST * self._period_s)
        if step < _GAP_S / self._period_s:
            moved_s = self._period_s + _PERIOD_GAIN * early_s / places
            self._period_s = min(max(moved_s, 0.5 * self._named_s), 2.0 * self._named_s)
        return self._at_s + places * self._period_s + _GAIN * early_s

    def _watched(self) -> bool:
        """Decide, when enough was seen, what kind of stamps they are."""
        stamps_s = np.array([sample.stamp_s for sample in self._held])
        if stamps_s.size < _FEWEST or abs(stamps_s[-1] - stamps_s[0]) < _WATCH_S:
            return False
        same = np.diff(stamps_s) == 0
        pairs = itertools.pairwise(self._held)
        twice = np.array([after.repeats(before) for before, after in pairs])
        self._distinct = bool((same == twice).all() and same.mean() < _TWICE)
        steps = np.diff(stamps_s)[~same if self._distinct else slice(None)] / self._named_s
        near = np.abs(steps - np.maximum(np.rint(steps), 1)) < _STEADY
        steady = near.mean() > _MOST and (steps < _SHORT).mean() < _FEW
        self._numbered = self._held[0].skipped is not None
        self.kind = "steady" if steady and not self._numbered else "counted"
        self._gap_s = max(_GAP_S, 3.0 * min(float(steps.max()) * self._named_s, _GAP_S))
        return True
