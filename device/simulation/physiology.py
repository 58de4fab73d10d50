"""A simulated person's skin conductance.

Skin conductance responses (SCRs) come as an inhomogeneous Poisson process; each is the Bateman
function exp(-t/tau_slow) - exp(-t/tau_fast) with the time constants of Greco et al. 2015
(doi:10.1109/TBME.2015.2474131), varied between people. Their rate and amplitude rise with arousal,
within the ranges of Boucsein, "Electrodermal Activity" (2012): 1-3 spontaneous responses a minute
at rest, over 20 in high arousal; amplitudes of 0.05-2 microsiemens on a tonic level of 2-16.
Valence has a deliberately weak effect (recovery is slightly slower when it is low): real skin
conductance tells little about valence, and a simulation should not teach otherwise.

Everything is a function of the seed, one second at a time, so that a stream and a recording of the
same person agree however they are cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from device.samples import FloatArray, Samples
from device.simulation.person import Person as Person

# A response is over (below 0.1 % of its peak) after this long, for any person that is drawn.
_RESPONSE_S = 25.0
# How fast the drift of the tonic level forgets.
_DRIFT_TAU_S = 120.0
# How far the slow factor on the level lags behind what draws it: skin dries and moistens smoothly.
_WANDER_LAG_S = 25.0

Course = Callable[[float], float]


class SimulatedPerson:
    """A person whose skin conductance is asked for second by second.

    Parameters
    ----------
    person : Person
        Traits.
    rate_hz : float
        Samples per second.
    seed : int or SeedSequence
        The same seed gives the same signal.
    """

    def __init__(
        self, person: Person, rate_hz: float, seed: int | np.random.SeedSequence = 0
    ) -> None:
        self.person = person
        self.rate_hz = rate_hz
        self._rng = np.random.default_rng(seed)
        self._second = 0
        self._next_sample = 0
        self._onsets_s = np.empty(0)
        self._amplitudes_us = np.empty(0)
        self._slow_s = np.empty(0)
        self._drift_us = float(self._rng.normal(0.0, person.drift_us))
        self._tonic_us = 0.0
        self._wander = self._rng.normal(0.0, person.wander) if person.wander else 0.0
        self._wander_to = self._wander
        largest_us = person.artefact_us
        self._artefact_us = person.scr_us if largest_us is None else largest_us / 1.6
        self._artefacts: list[tuple[float, float, float]] = []

    def second(self, arousal: float, valence: float = 0.5) -> Samples:
        """Return the next second of skin conductance.

        Parameters
        ----------
        arousal, valence : float
            0 (low) to 1 (high), held for this second.
        """
        start_s = float(self._second)
        self._second += 1
        self._draw_events(start_s, arousal, valence)
        last_sample = math.ceil((start_s + 1.0) * self.rate_hz - 1e-9)
        time_s = np.arange(self._next_sample, last_sample) / self.rate_hz
        self._next_sample = last_sample
        eda_us = self._tonic(time_s - start_s, arousal) + self._phasic(time_s)
        eda_us += self._motion(time_s) + self._rng.normal(0.0, self.person.noise_us, time_s.size)
        eda_us = np.maximum(eda_us, 0.01)
        if self.person.step_us:
            eda_us = np.round(eda_us / self.person.step_us) * self.person.step_us
        return Samples(time_s, eda_us)

    def _draw_events(self, start_s: float, arousal: float, valence: float) -> None:
        person, rng = self.person, self._rng
        per_min = person.resting_scr_per_min + arousal * (
            person.aroused_scr_per_min - person.resting_scr_per_min
        )
        count = int(rng.poisson(per_min / 60.0))
        median_us = person.scr_us * (1.0 + person.scr_gain * arousal)
        if person.wander:
            median_us *= math.exp(self._wander)
        recent = self._onsets_s > start_s - _RESPONSE_S
        self._onsets_s = np.append(self._onsets_s[recent], start_s + rng.uniform(0, 1, count))
        self._amplitudes_us = np.append(
            self._amplitudes_us[recent], median_us * rng.lognormal(0.0, person.scr_spread, count)
        )
        slow_s = person.tau_slow_s * (1.0 + 0.2 * (0.5 - valence))
        self._slow_s = np.append(self._slow_s[recent], np.full(count, slow_s))
        if rng.uniform() < person.artefacts_per_min / 60.0:
            size_us = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.1, 0.4) * self._artefact_us * 4)
            self._artefacts.append((start_s + rng.uniform(), size_us, rng.uniform(0.1, 0.6)))
        self._artefacts = [item for item in self._artefacts if item[0] > start_s - 5.0]

    def _tonic(self, within_s: FloatArray, arousal: float) -> FloatArray:
        person = self.person
        before_us = self._tonic_us + self._drift_us
        target_us = person.tonic_gain * person.level_us * arousal
        self._tonic_us += (target_us - self._tonic_us) / person.tonic_tau_s
        keep = math.exp(-1.0 / _DRIFT_TAU_S)
        self._drift_us = keep * self._drift_us + float(
            self._rng.normal(0.0, person.drift_us * math.sqrt(1.0 - keep * keep))
        )
        after_us = self._tonic_us + self._drift_us
        level_us = person.level_us + before_us + (after_us - before_us) * within_s
        if not person.wander:
            return level_us
        before = self._wander
        keep = math.exp(-1.0 / person.wander_tau_s)
        self._wander_to = keep * self._wander_to + float(
            self._rng.normal(0.0, person.wander * math.sqrt(1.0 - keep * keep))
        )
        self._wander += (self._wander_to - before) / _WANDER_LAG_S
        return np.asarray(level_us * np.exp(before + (self._wander - before) * within_s))

    def _phasic(self, time_s: FloatArray) -> FloatArray:
        if not self._onsets_s.size:
            return np.zeros(time_s.size)
        age_s = np.maximum(time_s[:, None] - self._onsets_s, 0.0)
        fast_s = self.person.tau_fast_s
        peak_s = np.log(self._slow_s / fast_s) * self._slow_s * fast_s / (self._slow_s - fast_s)
        peak = np.exp(-peak_s / self._slow_s) - np.exp(-peak_s / fast_s)
        shape = (np.exp(-age_s / self._slow_s) - np.exp(-age_s / fast_s)) / peak
        return np.asarray(shape @ self._amplitudes_us, dtype=np.float64)

    def _motion(self, time_s: FloatArray) -> FloatArray:
        total = np.zeros(time_s.size)
        for onset_s, size_us, width_s in self._artefacts:
            total += size_us * np.exp(-(((time_s - onset_s) / width_s) ** 2))
        return total


def simulate(
    person: Person,
    duration_s: float,
    rate_hz: float,
    *,
    arousal: Course,
    valence: Course = lambda _: 0.5,
    seed: int | np.random.SeedSequence = 0,
) -> Samples:
    """Return `duration_s` seconds of a person whose arousal and valence follow a course in time.

    Parameters
    ----------
    person : Person
        Traits.
    duration_s : float
        Length; rounded up to whole seconds.
    rate_hz : float
        Samples per second.
    arousal, valence : callable
        Time in seconds to a value from 0 to 1.
    seed : int or SeedSequence
        The same seed gives the same signal.
    """
    source = SimulatedPerson(person, rate_hz, seed)
    seconds = [source.second(arousal(s), valence(s)) for s in range(math.ceil(duration_s))]
    return Samples(
        np.concatenate([part.time_s for part in seconds]),
        np.concatenate([part.eda_us for part in seconds]),
    )
