"""Simulated people who are shown stimuli: a data set that needs no download.

Half the trials are calm and half exciting. What a person feels is drawn within its half, and the
rating is what was felt plus the noise of rating. Half the people are measured with a Grove sensor
(19 Hz, 10-bit counts), half with a laboratory one (64 Hz). The signal is that of
`device.simulation.physiology`.
"""

from __future__ import annotations

import numpy as np

from device.calibration import GroveCalibration
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from training.datasets.recordings import Dataset, Recording
from training.datasets.standins.feelings import RESTING_AROUSAL, course, feel, rate

_REST_S = 10.0
_STIMULUS_S = 90.0


def load(seed: int = 0, people: int = 60, trials: int = 12) -> Dataset:
    """Simulate `people` x `trials` recordings of 10 s rest and 90 s stimulus.

    Parameters
    ----------
    seed : int
        The same seed gives the same data set.
    people, trials : int
        Size.
    """
    recordings = []
    for number, sequence in enumerate(np.random.SeedSequence(seed).spawn(people)):
        person_seed, *trial_seeds = sequence.spawn(trials + 1)
        rng = np.random.default_rng(person_seed)
        person = Person.draw(rng)
        exciting = rng.permutation(np.arange(trials) % 2 == 1)
        pleasant = rng.permutation(np.arange(trials) % 2 == 1)
        for trial, trial_seed in enumerate(trial_seeds):
            arousal = feel(rng, bool(exciting[trial]))
            valence = feel(rng, bool(pleasant[trial]))
            grove = number % 2 == 0
            samples = simulate(
                person,
                _REST_S + _STIMULUS_S,
                19.0 if grove else 64.0,
                arousal=course(_REST_S, RESTING_AROUSAL, arousal),
                valence=course(_REST_S, 0.5, valence),
                seed=trial_seed,
            )
            recordings.append(
                Recording(
                    subject=f"p{number + 1:02d}",
                    stimulus=f"t{trial + 1:02d}",
                    samples=_as_counts(samples) if grove else samples,
                    ratings={"arousal": rate(rng, arousal), "valence": rate(rng, valence)},
                    stimulus_start_s=_REST_S,
                )
            )
    return Dataset(
        name="synthetic",
        trained_on="simulated people (no real person's data)",
        recordings=recordings,
        rating_range=(1.0, 9.0),
    )


def _as_counts(samples: Samples) -> Samples:
    """Round to what a 10-bit Grove sensor can tell."""
    calibration = GroveCalibration()
    return Samples(samples.time_s, calibration.to_us(np.round(calibration.to_adc(samples.eda_us))))
