"""What differs between simulated people, and two populations of them.

"finger": a laboratory's electrodes on fingers or palm, within the ranges of Boucsein,
"Electrodermal Activity" (2012): 1-3 spontaneous responses a minute at rest, over 20 in high
arousal; amplitudes of 0.05-2 microsiemens on a tonic level of 2-16.

"wrist": an Empatica E4. The numbers are those with which simulated sittings show the same levels,
rates, amplitudes, drift, noise and artefacts as the 34 people of Stress-Predict (Iqbal et al. 2022,
doi:10.3390/s22218135), measured on both alike by `python -m benchmarks.physiology`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from device.errors import ArgumentError

SITES = ("finger", "wrist")
# What an Empatica E4 can tell apart: the commonest change in every recording of Stress-Predict.
_E4_STEP_US = 0.00128


@dataclass(frozen=True)
class Person:
    """What differs between people.

    Attributes
    ----------
    level_us : float
        Tonic level at rest, microsiemens.
    resting_scr_per_min, aroused_scr_per_min : float
        Rate of responses at arousal 0 and 1.
    scr_us : float
        Median amplitude of a response at arousal 0, microsiemens.
    tau_slow_s, tau_fast_s : float
        Time constants of the response.
    drift_us : float
        Standard deviation of the tonic drift that is added, within minutes.
    noise_us : float
        Standard deviation of the sensor's noise.
    artefacts_per_min : float
        Rate of motion artefacts.
    scr_gain : float
        By which share amplitudes are larger at arousal 1 than at 0.
    scr_spread : float
        Standard deviation of the logarithm of amplitudes.
    tonic_gain : float
        By which share the tonic level is higher at arousal 1 than at 0; may be negative.
    tonic_tau_s : float
        How fast the tonic level follows arousal.
    wander : float
        Standard deviation of the logarithm of the slow factor on level and amplitudes.
    wander_tau_s : float
        How fast that factor forgets; it changes smoothly, like the tonic level.
    artefact_us : float or None
        Size of the largest artefacts, microsiemens; None for 1.6 responses.
    step_us : float
        What the sensor's converter can tell apart; 0 for everything.
    """

    level_us: float = 6.0
    resting_scr_per_min: float = 2.5
    aroused_scr_per_min: float = 18.0
    scr_us: float = 0.25
    tau_slow_s: float = 2.0
    tau_fast_s: float = 0.7
    drift_us: float = 0.3
    noise_us: float = 0.01
    artefacts_per_min: float = 0.15
    scr_gain: float = 1.5
    scr_spread: float = 0.5
    tonic_gain: float = 0.15
    tonic_tau_s: float = 15.0
    wander: float = 0.0
    wander_tau_s: float = 1200.0
    artefact_us: float | None = None
    step_us: float = 0.0

    @staticmethod
    def draw(rng: np.random.Generator, site: str = "finger") -> Person:
        """Draw a person from the population of a site: "finger" or "wrist".

        Raises
        ------
        ArgumentError
            If there is no such site.
        """
        if site not in SITES:
            raise ArgumentError(f"site is {site!r}; expected: {' or '.join(map(repr, SITES))}")
        return _at_wrist(rng) if site == "wrist" else _at_finger(rng)


def _at_finger(rng: np.random.Generator) -> Person:
    level = float(np.clip(rng.lognormal(math.log(6.0), 0.4), 2.0, 16.0))
    resting = float(rng.uniform(1.0, 5.0))
    return Person(
        level_us=level,
        resting_scr_per_min=resting,
        aroused_scr_per_min=resting + float(rng.uniform(7.0, 18.0)),
        scr_us=float(rng.lognormal(math.log(0.04 * level), 0.4)),
        tau_slow_s=float(rng.uniform(1.7, 2.4)),
        tau_fast_s=float(rng.uniform(0.55, 0.85)),
        drift_us=float(rng.uniform(0.02, 0.06)) * level,
        noise_us=float(rng.uniform(0.003, 0.02)),
        artefacts_per_min=float(rng.uniform(0.0, 0.3)),
    )


def _at_wrist(rng: np.random.Generator) -> Person:
    level = float(np.clip(rng.lognormal(math.log(0.27), 0.95), 0.1, 6.0))
    resting = float(rng.lognormal(math.log(2.8), 0.8))
    return Person(
        level_us=level,
        resting_scr_per_min=resting,
        aroused_scr_per_min=resting * float(rng.lognormal(math.log(2.4), 0.4)),
        scr_us=float(rng.lognormal(math.log(0.05 * level), 0.4)),
        tau_slow_s=float(rng.uniform(1.4, 2.3)),
        tau_fast_s=float(rng.uniform(0.55, 0.85)),
        drift_us=float(rng.uniform(0.01, 0.04)) * level,
        noise_us=float(rng.lognormal(math.log(0.0018 * level**0.35), 0.3)),
        artefacts_per_min=float(rng.lognormal(math.log(0.6), 0.9)),
        scr_gain=float(rng.lognormal(math.log(1.65), 0.3)) - 1.0,
        scr_spread=0.9,
        tonic_gain=float(np.clip(rng.lognormal(math.log(1.4), 0.5), 0.3, 4.0)),
        tonic_tau_s=120.0,
        wander=float(np.clip(rng.lognormal(math.log(0.18), 0.6), 0.05, 0.8)),
        wander_tau_s=400.0,
        artefact_us=0.4 * math.sqrt(level),
        step_us=_E4_STEP_US,
    )
