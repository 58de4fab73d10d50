"""Simulated recordings whose responses are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device.samples import FloatArray
from device.simulation.physiology import Person

FIRST_SEED = 7000  # of people on whom nothing was chosen
RATE_HZ = 50.0
APART_S = 1.0  # no two responses begin nearer than this


@dataclass(frozen=True)
class Known:
    """A simulated recording: its samples without noise, its phasic part, and its peaks (s)."""

    eda_us: FloatArray
    phasic_us: FloatArray
    peak_s: FloatArray


def simulate_known(seed: int, seconds: int, rate_hz: float = RATE_HZ) -> Known:
    """Return a simulated recording whose responses are known; even seeds rest."""
    rng = np.random.default_rng(seed)
    person = Person.draw(rng)
    arousal = np.full(seconds, 0.2)
    if seed % 2:
        arousal = 0.5 + 0.5 * np.sin(np.arange(seconds) / 60.0)
    rest, excited = person.resting_scr_per_min, person.aroused_scr_per_min
    drawn = rng.uniform(0, 1, seconds) < (rest + arousal * (excited - rest)) / 60.0
    onset_s, last_s = [], -APART_S
    for second in np.flatnonzero(drawn):
        at_s = float(second + rng.uniform())
        if at_s - last_s >= APART_S:
            onset_s.append(at_s)
            last_s = at_s
    onsets_s = np.array(onset_s)
    scale_us = person.scr_us * (1.0 + 1.5 * arousal[onsets_s.astype(int)])
    amplitudes_us = scale_us * rng.lognormal(0.0, 0.5, onsets_s.size)
    slow, fast = person.tau_slow_s, person.tau_fast_s
    rise_s = np.log(slow / fast) * slow * fast / (slow - fast)
    height = np.exp(-rise_s / slow) - np.exp(-rise_s / fast)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phasic_us = np.zeros(time_s.size)
    for at_s, amplitude_us in zip(onsets_s, amplitudes_us, strict=True):
        first = int(np.ceil(at_s * rate_hz))
        age_s = time_s[first : first + round(25 * rate_hz)] - at_s
        shape = np.exp(-age_s / slow) - np.exp(-age_s / fast)
        phasic_us[first : first + age_s.size] += amplitude_us / height * shape
    waves = [np.sin(2 * np.pi * time_s / period_s + phase) for period_s, phase in
             zip(rng.uniform(60, 400, 5), rng.uniform(0, 2 * np.pi, 5), strict=True)]  # fmt: skip
    tonic_us = person.level_us + person.drift_us * np.sqrt(2 / 5) * np.sum(waves, axis=0)
    peak_s = onsets_s + rise_s
    return Known(tonic_us + phasic_us, phasic_us, peak_s[peak_s < seconds - 1])
