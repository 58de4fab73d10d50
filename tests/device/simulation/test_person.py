"""Simulated people of two sites, and that the first of them did not change."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from device.errors import ArgumentError
from device.simulation.physiology import Person, SimulatedPerson, simulate

_STEP_US = 0.00128


def test_the_default_site_draws_the_people_it_always_drew() -> None:
    rng = np.random.default_rng(3)
    person = Person.draw(rng)
    assert person.level_us == pytest.approx(13.573605267040167, rel=1e-12)
    assert person.resting_scr_per_min == pytest.approx(1.9472420263843988, rel=1e-12)
    assert person.artefacts_per_min == pytest.approx(0.22037314542276434, rel=1e-12)
    eda_us = simulate(person, 200, 4.0, arousal=lambda _: 0.5, seed=3).eda_us
    expected = [14.655909977664324, 15.483540180307923, 15.989569545763043, 14.68476560467195]
    np.testing.assert_allclose(eda_us[[0, 100, 400, 799]], expected, rtol=1e-12)
    assert Person.draw(np.random.default_rng(3), "finger") == person


def test_the_default_person_has_the_signal_it_always_had() -> None:
    moved = Person(artefacts_per_min=20)
    eda_us = simulate(moved, 200, 4.0, arousal=lambda _: 0.5, seed=3).eda_us
    expected = [6.6077492434944505, 7.3281078145787975, 7.371010839937844, 6.748167157345732]
    np.testing.assert_allclose(eda_us[[0, 100, 400, 799]], expected, rtol=1e-12)


@pytest.mark.parametrize("rate_hz", [4.0, 19.0])
def test_a_wrist_is_the_same_however_it_is_asked_for(rate_hz: float) -> None:
    person = Person.draw(np.random.default_rng(3), "wrist")
    whole = simulate(person, 20, rate_hz, arousal=lambda s: s / 20, seed=5)
    source = SimulatedPerson(person, rate_hz, 5)
    parts = [source.second(s / 20, 0.5).eda_us for s in range(20)]
    np.testing.assert_array_equal(whole.eda_us, np.concatenate(parts))
    again = Person.draw(np.random.default_rng(3), "wrist")
    assert again == person


def test_a_wrist_is_read_in_steps_of_an_e4() -> None:
    person = Person.draw(np.random.default_rng(3), "wrist")
    eda_us = simulate(person, 60, 4.0, arousal=lambda _: 0.2, seed=5).eda_us
    steps = eda_us / _STEP_US
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    assert np.count_nonzero(np.diff(eda_us) == 0) > 10  # of 239; real wrists: 5 to 42 %


def test_an_unknown_site_is_refused() -> None:
    with pytest.raises(ArgumentError, match="site is 'ankle'; expected: 'finger' or 'wrist'"):
        Person.draw(np.random.default_rng(0), "ankle")
    assert "site" not in {field.name for field in fields(Person)}
