"""The measures of skin conductance, and that simulated wrists show what real ones do."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.common.skin import Measures, Sitting, measure
from benchmarks.physiology import simulated
from device.samples import Samples

# The 10 and 90 % quantiles of Stress-Predict's 34 people (benchmarks/results/physiology.json).
_REAL = {
    "level_us": (0.148, 1.49),
    "rest_per_min": (0.78, 4.0),
    "task_per_min": (0.455, 6.99),
    "scr_us": (0.0200, 0.0448),
    "scr_spread": (0.568, 0.984),
    "half_recovery_s": (1.575, 2.925),
    "rise_s": (1.25, 1.75),
    "noise_us": (0.00077, 0.0022),
    "artefacts_per_min": (0.158, 2.16),
    "artefact_share": (0.208, 0.765),
}


@pytest.fixture(scope="module")
def wrists() -> list[Measures]:
    return [measure(sitting) for sitting in simulated("wrist", 7, pace=4.0)]


@pytest.mark.parametrize("name", _REAL)
def test_the_median_wrist_lies_within_what_real_ones_show(
    wrists: list[Measures], name: str
) -> None:
    low, high = _REAL[name]
    assert low <= np.nanmedian([getattr(person, name) for person in wrists]) <= high


def test_a_wrist_has_the_step_of_an_e4(wrists: list[Measures]) -> None:
    assert {person.step_us for person in wrists} == {0.00128}


def test_responses_are_measured_as_what_they_were_made_as() -> None:
    time_s = np.arange(2400) / 4.0
    age_s = np.maximum(time_s[:, None] - np.arange(10.0, 600.0, 20.0), 0.0)
    shape = np.exp(-age_s / 2.0) - np.exp(-age_s / 0.7)
    eda_us = 3.0 + 0.1 * np.sin(time_s / 100) + 0.2 * (shape / shape.max()).sum(axis=1)
    found = measure(Sitting(Samples(time_s, eda_us), 4.0, rests=[(0.0, 600.0)], tasks=[]))
    assert found.level_us == pytest.approx(3.0, rel=0.05)
    assert found.rest_per_min == pytest.approx(3.0, rel=0.05)
    assert found.scr_us == pytest.approx(0.2, rel=0.1)
    assert found.scr_spread < 0.1
    assert found.half_recovery_s == pytest.approx(2.1, abs=0.3)
    assert found.artefacts_per_min == 0.0
    assert np.isnan(found.task_per_min)


def test_a_bump_that_no_skin_makes_is_an_artefact() -> None:
    time_s = np.arange(2400) / 4.0
    eda_us = 1.0 + 0.05 * np.sin(time_s / 40) + np.where(np.abs(time_s - 300) < 0.3, 0.6, 0.0)
    sitting = Sitting(Samples(time_s, eda_us), 4.0, rests=[(0.0, 600.0)], tasks=[])
    found = measure(sitting)
    assert found.artefacts_per_min == pytest.approx(0.1)
    assert found.artefact_share == pytest.approx(0.6, rel=0.15)
