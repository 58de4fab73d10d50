"""The skin under a simulated sensor: a simulated person, or a recording."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from device.readers.base import Source
from device.samples import FloatArray
from device.simulation.physiology import Course, Person, SimulatedPerson


class Skin(Protocol):
    """Something that has a conductance."""

    def next(self, rate_hz: float) -> float | None:
        """Return the next sample (microsiemens) at `rate_hz`; None at the end."""


def alternating(period_s: float) -> Course:
    """Return a course that is low (0.1) for `period_s`, then high (0.9) for as long, and so on."""
    return lambda time_s: 0.9 if int(time_s // period_s) % 2 else 0.1


class PersonSkin:
    """A simulated person, without end; begins anew when the rate changes.

    Parameters
    ----------
    course : callable
        Arousal (0 to 1) by time in seconds.
    seed : int
        Which person.
    site : str
        Of which population: "finger" or "wrist".
    """

    def __init__(self, course: Course, seed: int, site: str = "finger") -> None:
        self._course = course
        self._seed = seed
        self._site = site
        self._rate_hz = math.nan
        self._values: Iterator[float] = iter(())

    def next(self, rate_hz: float) -> float | None:
        """Return the next sample (microsiemens)."""
        if rate_hz != self._rate_hz:
            self._rate_hz = rate_hz
            self._values = self._stream(rate_hz)
        return next(self._values)

    def _stream(self, rate_hz: float) -> Iterator[float]:
        person = Person.draw(np.random.default_rng(self._seed), self._site)
        source = SimulatedPerson(person, rate_hz, self._seed)
        for second in itertools.count():
            yield from source.second(self._course(second)).eda_us.tolist()


class RecordingSkin:
    """A recording, read between its samples where the sensor's rate is another.

    Parameters
    ----------
    eda_us : float64 (n,)
        Microsiemens.
    rate_hz : float
        Of the recording.
    loop : bool
        Whether it starts again when it ends.
    """

    def __init__(self, eda_us: FloatArray, rate_hz: float, loop: bool = False) -> None:
        self._eda_us = eda_us
        self._rate_hz = rate_hz
        self._loop = loop
        self._at = 0.0

    @staticmethod
    def of(source: Source, loop: bool = False) -> RecordingSkin:
        """Return a recording as its reader gives it; one of uneven times is put on a grid."""
        blocks = list(source.blocks())
        time_s = np.concatenate([block.time_s for block in blocks])
        eda_us = np.concatenate([block.eda_us for block in blocks])
        rate_hz = source.rate_hz or 1.0
        steps_s = np.diff(time_s)
        if steps_s.size and not np.allclose(steps_s, 1 / rate_hz, rtol=0.01):
            grid_s = np.arange(time_s[0], time_s[-1], 1 / rate_hz)
            eda_us = np.interp(grid_s, time_s, eda_us)
        return RecordingSkin(eda_us, rate_hz, loop)

    @property
    def length_s(self) -> float:
        """How long it is, in seconds."""
        return self._eda_us.size / self._rate_hz

    def next(self, rate_hz: float) -> float | None:
        """Return the next sample (microsiemens); None at the end."""
        last = self._eda_us.size - 1
        if self._at > last:
            if not self._loop:
                return None
            self._at = 0.0
        left = int(self._at)
        share = self._at - left
        value = float(self._eda_us[left])
        if share:
            value += share * float(self._eda_us[min(left + 1, last)] - self._eda_us[left])
        self._at += self._rate_hz / rate_hz
        return value
