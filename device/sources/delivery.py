"""From batches as they arrive to samples with their time: what all live sources share."""

from __future__ import annotations

import numpy as np

from device.drivers.driver import Batch
from device.samples import FloatArray, Samples
from device.sensor import SensorCounters
from device.timing.clock import Clock, CountClock
from device.timing.now import SleepWatch


class Delivery:
    """Give batches their time, hold them until they have one, and count what is delivered.

    Parameters
    ----------
    counters : SensorCounters
        Of the source: samples, missing values and restarts are counted here.
    clock : Clock
        What gives samples their time; may be replaced before the first batch.

    Attributes
    ----------
    hidden : int
        Turns of the sensor's counter that were found missing, and samples that never got a time.
    """

    def __init__(self, counters: SensorCounters, clock: Clock) -> None:
        self.clock = clock
        self.turn_samples = 1
        self.hidden = 0
        self._counters = counters
        self._waiting: list[Batch] = []
        self._ready: list[Samples] = []
        self._pause_from_s: float | None = None
        self._fresh = True
        self._sleep = SleepWatch()

    @property
    def ready(self) -> bool:
        """Whether there is something to deliver."""
        return bool(self._ready)

    @property
    def origin_s(self) -> float | None:
        """Host time (`now_s`) of the samples' time 0; None while, or where, it is not known."""
        return getattr(self.clock, "origin_s", None)

    def opened(self) -> None:
        """Take that the port was opened: the count that begins now is no restart of the sensor."""
        self._fresh = True

    def take(self, batches: list[Batch], arrival_s: float | None) -> None:
        """Take what arrived; an empty list says that no sample is known from it yet.

        Parameters
        ----------
        batches : list of Batch
            In their order.
        arrival_s : float or None
            On `device.timing.now.now_s`; None for the last words of a port that is gone, which
            came with the last arrival.
        """
        if arrival_s is not None and not batches:
            self._emit(self.clock.stamp(np.empty(0), arrival_s))
        if arrival_s is None:
            arrival_s = self._pause_from_s if self._pause_from_s is not None else 0.0
        for batch in batches:
            at_s = arrival_s if batch.arrival_s is None else batch.arrival_s
            if batch.restarted:
                self.settle()
                pause_s = 0.0 if self._pause_from_s is None else at_s - self._pause_from_s
                self.clock.restart(pause_s)
                if not self._fresh:
                    self._counters.restarts += 1
                self._fresh = False
            self._pause_from_s = at_s
            self._waiting.append(batch)
            self._emit(self.clock.stamp(batch.position_s, at_s))
        self.hidden += self.clock.take_hidden() * self.turn_samples

    def sleep_over(self, arrival_s: float) -> None:
        """Make a gap of the time in which the computer slept, before taking what arrived."""
        if self._sleep.take() and self._pause_from_s is not None:
            self.settle()
            self.clock.restart(arrival_s - self._pause_from_s)

    def settle(self) -> None:
        """Give their time to samples that still wait for one, or give them up."""
        self._emit(self.clock.flush())
        self.hidden += sum(part.eda_us.size for part in self._waiting)
        self._waiting.clear()

    def deliver(self) -> Samples:
        """Return all samples that have their time, and count them."""
        if not self._ready:
            return Samples.empty()
        samples = Samples(
            np.concatenate([part.time_s for part in self._ready]),
            np.concatenate([part.eda_us for part in self._ready]),
            np.concatenate([part.raw for part in self._ready if part.raw is not None]),
            known_seconds=True,
        )
        self._ready.clear()
        self._counters.samples += len(samples)
        self._counters.missing += int(np.isnan(samples.eda_us).sum())
        return samples

    def _emit(self, time_s: FloatArray) -> None:
        if time_s.size:
            eda_us = np.concatenate([part.eda_us for part in self._waiting])
            raw = np.concatenate([part.raw for part in self._waiting])
            self._ready.append(Samples(time_s, eda_us, raw, known_seconds=True))
            self._waiting.clear()


class LiveSource:
    """What every live source has: its counters, and the delivery that fills them.

    Attributes
    ----------
    counters : SensorCounters
        See `device.sensor.Sensor`.
    """

    def __init__(self) -> None:
        self.counters = SensorCounters()
        self._delivery = Delivery(self.counters, CountClock())
        self._opened = False

    @property
    def origin_s(self) -> float | None:
        """Host time (`now_s`) of the samples' time 0; None while, or where, it is not known."""
        return self._delivery.origin_s

    def _note_opening(self) -> None:
        """Take that the port was opened: after the first time, again."""
        self._delivery.opened()
        if self._opened:
            self.counters.reconnections += 1
        self._opened = True
