"""The simulated person."""

from __future__ import annotations

import numpy as np
import pytest

from device.simulation.physiology import Person, SimulatedPerson, simulate


@pytest.mark.parametrize("rate_hz", [4.0, 7.8125, 19.0, 100.0])
def test_the_same_seed_gives_the_same_signal_however_it_is_asked_for(rate_hz: float) -> None:
    person = Person.draw(np.random.default_rng(3))
    whole = simulate(person, 20, rate_hz, arousal=lambda s: s / 20, seed=5)
    source = SimulatedPerson(person, rate_hz, 5)
    parts = [source.second(s / 20, 0.5) for s in range(20)]
    assert np.array_equal(whole.eda_us, np.concatenate([part.eda_us for part in parts]))
    assert np.allclose(np.diff(whole.time_s), 1 / rate_hz)
    assert whole.time_s.size == np.ceil(20 * rate_hz)


def test_arousal_raises_level_and_activity() -> None:
    person = Person.draw(np.random.default_rng(1))
    calm = simulate(person, 300, 20.0, arousal=lambda _: 0.0, seed=1).eda_us
    aroused = simulate(person, 300, 20.0, arousal=lambda _: 1.0, seed=1).eda_us
    assert aroused.mean() > calm.mean() + 0.1
    assert np.abs(np.diff(aroused)).sum() > np.abs(np.diff(calm)).sum()
    assert min(calm.min(), aroused.min()) > 0
