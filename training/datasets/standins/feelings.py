"""What simulated people feel and how they rate it."""

from __future__ import annotations

import numpy as np

from device.simulation.physiology import Course

RESTING_AROUSAL = 0.2


def feel(rng: np.random.Generator, high: bool) -> float:
    """Draw a feeling, 0 to 1, from the upper or the lower third."""
    return float(rng.uniform(0.65, 1.0) if high else rng.uniform(0.0, 0.35))


def rate(rng: np.random.Generator, felt: float, low: float = 1.0, high: float = 9.0) -> float:
    """Return a rating on a scale from `low` to `high`: what was felt, plus the noise of rating."""
    noisy = felt + rng.normal(0.0, 0.08)
    return float(np.clip(low + (high - low) * noisy, low, high))


def course(rest_s: float, resting: float, felt: float) -> Course:
    """Return a course in time: at rest for `rest_s` seconds, then what is felt."""
    return lambda time_s: felt if time_s >= rest_s else resting
