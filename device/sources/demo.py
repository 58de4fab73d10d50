"""A simulated person as a sensor within the program: for a demonstration without any port."""

from __future__ import annotations

import time

import numpy as np

from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo

_RATE_HZ = 19.0
_TICK_S = 0.02


class DemoSensor:
    """A person whose arousal alternates between low and high.

    Parameters
    ----------
    speed : float
        How many times faster than life.
    period_s : float
        Seconds, of the person's time, of low arousal, then of high, and so on.
    seed : int
        Which person.
    site : str
        Where the person is measured: "finger" or "wrist".

    Attributes
    ----------
    speed : float
        As above; to be set before it is opened.
    course : callable
        Arousal, 0 to 1, by time in seconds; to be set before it is opened.
    site : str
        As above.

    Raises
    ------
    ArgumentError
        If there is no such site.
    """

    def __init__(
        self, speed: float = 8.0, period_s: float = 120.0, seed: int = 3, site: str = "finger"
    ) -> None:
        # Whether a sensor is a simulated person is asked of all: those need no physiology.
        from device.simulation.physiology import Person
        from device.simulation.skin import alternating

        Person.draw(np.random.default_rng(seed), site)  # a wrong site is said before it opens
        self.site = site
        self.speed = speed
        self.course = alternating(period_s)
        self._seed = seed
        self._felt: float | None = None
        self.origin_s: float | None = None
        self.counters = SensorCounters()

    def open(self) -> None:
        """Begin the person's life anew."""
        from device.simulation.physiology import Person, SimulatedPerson

        person = Person.draw(np.random.default_rng(self._seed), self.site)
        self._person = SimulatedPerson(person, _RATE_HZ, self._seed)
        self._began_s = self.origin_s = time.monotonic()
        self._second = -1
        self._waiting = Samples.empty()

    def read(self, timeout_s: float) -> Samples:
        """Return the samples whose time has come, waiting at most `timeout_s` for the first."""
        until_s = time.monotonic() + timeout_s
        while True:
            elapsed_s = (time.monotonic() - self._began_s) * self.speed
            while self._second < int(elapsed_s):
                self._second += 1
                more = self._person.second(self._arousal())
                self._waiting = Samples(
                    np.concatenate([self._waiting.time_s, more.time_s]),
                    np.concatenate([self._waiting.eda_us, more.eda_us]),
                )
            due = int(np.searchsorted(self._waiting.time_s, elapsed_s, side="right"))
            if due:
                time_s, eda_us = self._waiting.time_s, self._waiting.eda_us
                self._waiting = Samples(time_s[due:], eda_us[due:])
                self.counters.samples += due
                return Samples(time_s[:due], eda_us[:due])
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return Samples.empty()
            time.sleep(min(_TICK_S, left_s))

    def feel(self, arousal: float | None, since_s: float) -> None:
        """Let the person's arousal be 0 to 1 from now on; None for what it is by itself.

        Nothing changes where it is that by itself since then: who is told late did it in time.
        """
        if self._felt is not None or arousal != self.course(since_s):
            self._felt = arousal

    def _arousal(self) -> float:
        return self.course(self._second) if self._felt is None else self._felt

    def close(self) -> None:
        """Nothing: there is no port."""

    def describe(self) -> SensorInfo:
        """Say that nobody real is measured."""
        name = "simulated person" + (" (wrist)" if self.site == "wrist" else "")
        return SensorInfo(name, "demo", _RATE_HZ, speed=self.speed)
