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
    Once they come steadily after all, as when the program has started, they tell what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device.protocols.readings import IntArray
from device.samples import FloatArray
from device.timing.clock import MEMORY_S, Clock, CountClock
from device.timing.host_clock import HostClock
from device.timing.steady import GAP_S, SHORT, WATCH_S, Grid, Sample, judged

# After a longer step, in periods, it is seen first whether the next sample comes at once.
_ROOM = 1.5
# Stamps of this computer's clock are no later than their arrival, and not much earlier.
_FUTURE_S = 0.05
_PAST_S = 10.0
# Samples with stamps this near to each other, in periods, were handed on together.
_TOGETHER = 0.25
# A clock that looks for missing turns of a counter finds none that are shorter.
_TURN_S = 0.03


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
        Samples without a time, those that came twice, and those that came after one with a later
        stamp where only stamps tell where they belong.
    jumps : int
        How often the clock of the stamps was set.
    foreign : bool
        Whether stamps are of another clock than this computer's.
    """

    def __init__(self, rate_hz: float | None, exact: bool = False) -> None:
        self.kind: str | None = "exact" if exact or rate_hz is None else None
        self.dropped, self.jumps, self.foreign = 0, 0, False
        self._named_s = 1.0 / rate_hz if rate_hz else 0.0
        self._grid = Grid(self._named_s)
        self._held: list[Sample] = []
        self._missing = 0
        self._gap_s = GAP_S
        self._distinct, self._numbered = True, False
        self._followed = False
        self._last: Sample | None = None
        self._at_s = 0.0

    @property
    def lost(self) -> int:
        """Samples that are missing by their stamps."""
        return self._missing + self._grid.missing

    @property
    def turn_samples(self) -> int:
        """Samples in a turn of the clock that `clock` returns."""
        return max(round(_TURN_S / self._named_s), 1) if self.kind == "counted" else 1

    def clock(self) -> Clock:
        """Return the clock for what was pushed; ask when the first piece has been returned."""
        if self.kind != "counted":
            return CountClock()
        turn_s = None if self._numbered else self.turn_samples * self._named_s
        memory_s = MEMORY_S[self._numbered]
        return HostClock(known_rate=False, memory_s=memory_s, settle_s=WATCH_S, turn_s=turn_s)

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
        timed = np.isfinite(stamp_s)
        if not timed.all():
            self.dropped += int((~timed).sum())
            stamp_s, raw = stamp_s[timed], raw[timed]
            skipped = None if skipped is None else skipped[timed]
        missing = [None] * raw.size if skipped is None else skipped.tolist()
        triples = zip(stamp_s.tolist(), raw.tolist(), missing, strict=True)
        self._held += [Sample(at_s, value, arrival_s, n) for at_s, value, n in triples]
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

    def _leaves_room(self, sample: Sample) -> bool:
        """Say whether samples may be missing before this one: the next to come tells."""
        if self._last is None or not self._named_s or self._numbered:
            return False
        if self.kind == "counted" and not self._followed:
            return sample.stamp_s - self._last.stamp_s > self._gap_s
        at_s = self._at_s if self.kind == "exact" else self._grid.at_s
        return sample.stamp_s - at_s > _ROOM * self._named_s

    def _pieces(self, *, waits: bool) -> list[Stamped]:
        samples, self._held = self._held, []
        pieces: list[Stamped] = []
        group: list[tuple[Sample, float]] = []
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

    def _piece(self, group: list[tuple[Sample, float]], restarted: bool) -> Stamped:
        newest = group[-1][0]
        by_stamp = self.kind == "counted" and not self.foreign
        return Stamped(
            np.array([sample.raw for sample, _ in group]),
            np.array([position_s for _, position_s in group]),
            newest.stamp_s if by_stamp else newest.arrival_s,
            restarted,
        )

    def _together(self, sample: Sample, before: Sample) -> bool:
        """Say whether two samples are one burst for the clock."""
        if self.kind != "counted" or self.foreign:
            return sample.arrival_s == before.arrival_s
        return sample.stamp_s - before.stamp_s < _TOGETHER * self._named_s

    def _is_new(self, sample: Sample, after: Sample | None) -> bool:
        """Notice that the count cannot go on: a gap, a clock that was set, or the beginning."""
        last, late_s = self._last, sample.arrival_s - sample.stamp_s
        was_set = last is None
        if last is not None:
            step_s = sample.stamp_s - last.stamp_s
            beyond_s = step_s - (sample.arrival_s - last.arrival_s) if self.foreign else -late_s
            was_set = step_s < -GAP_S or min(step_s, beyond_s) > GAP_S
            self.foreign = self.foreign or late_s < -GAP_S
            if was_set:
                self.jumps += 1
            elif self.kind != "counted" or step_s <= self._gap_s or self._catches_up(sample, after):
                return False
            else:
                numbered = self._skipped(sample, step_s)
                self._missing += numbered or max(round(step_s / self._named_s) - 1, 0)
        if was_set:
            self.foreign = not -_FUTURE_S <= late_s <= _PAST_S
        return True

    def _catches_up(self, sample: Sample, after: Sample | None) -> bool:
        """Say whether a sample was held up, not late for those that are missing before it."""
        return after is not None and after.stamp_s - sample.stamp_s < SHORT * self._named_s

    def _place(self, sample: Sample, new: bool, after: Sample | None) -> float | None:
        """Return a sample's place in seconds; None for one that has none."""
        if new or (last := self._last) is None:
            self._grid.at_s = sample.stamp_s
            return 0.0 if self.kind == "counted" else sample.stamp_s
        if self.kind == "exact":
            return sample.stamp_s if sample.stamp_s > last.stamp_s else None
        if self._distinct and sample.repeats(last) and not self._numbered:
            return None
        if self.kind == "counted":
            return self._at_s + self._count(sample, last, after)
        return self._grid.follow(sample.stamp_s, self._catches_up(sample, after))

    def _count(self, sample: Sample, last: Sample, after: Sample | None) -> float:
        """Return how far a sample lies behind the one before, by the named rate."""
        step_s, grid = sample.stamp_s - last.stamp_s, self._grid
        if sample.skipped is not None:
            skipped = self._skipped(sample, step_s)
            self._missing += skipped
            return self._named_s * (1 + skipped)
        self._followed = grid.was_steady(step_s)
        if not self._followed:
            grid.at_s = sample.stamp_s
            return self._named_s
        before_s = grid.at_s
        moved_s = grid.follow(sample.stamp_s, self._catches_up(sample, after)) - before_s
        return moved_s * self._named_s / grid.period_s

    def _skipped(self, sample: Sample, step_s: float) -> int:
        """Return how many samples are missing by their numbers; 0 where they have no room."""
        skipped = sample.skipped or 0
        return skipped if skipped * self._named_s < step_s + GAP_S else 0

    def _watched(self) -> bool:
        """Decide, when enough was seen, what kind of stamps they are."""
        seen = judged(self._held, self._named_s)
        if seen is None:
            return False
        self._distinct = seen.distinct
        self._numbered = self._held[0].skipped is not None
        self.kind = "steady" if seen.steady and not self._numbered else "counted"
        self._gap_s = max(GAP_S, 3.0 * min(seen.longest_s, GAP_S))
        return True
