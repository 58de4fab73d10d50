"""A subject's unit is decided by the bulk of what was measured, never by single samples."""

import numpy as np
import pytest

from device.errors import DatasetError
from device.samples import FloatArray
from training.datasets.signals.checks import OUTSIDE
from training.datasets.signals.trials import Tally, usable_trials
from training.datasets.signals.units import (
    CONDUCTANCE,
    RELATIVE,
    RESISTANCE,
    to_conductance,
    without_impossible,
)


def responses(seed: int = 0, trials: int = 8, level_us: float = 0.5) -> list[FloatArray]:
    """Trials of 1000 samples around a level, in microsiemens."""
    rng = np.random.default_rng(seed)
    return [
        level_us * (1 + 0.2 * np.sin(np.linspace(0, rng.uniform(3, 9), 1000)) + rng.uniform(0, 0.1))
        for _ in range(trials)
    ]


def as_published(kind: str, trials: list[FloatArray]) -> list[FloatArray]:
    if kind == CONDUCTANCE:
        return [trial.copy() for trial in trials]
    ohm = [1e6 / trial for trial in trials]
    return ohm if kind == RESISTANCE else [trial - trial.mean() for trial in ohm]


@pytest.mark.parametrize("kind", [CONDUCTANCE, RESISTANCE, RELATIVE])
@pytest.mark.parametrize("value", [-0.001, -5.0, 2e8, -2e8, np.inf])
def test_one_sample_does_not_decide_a_trials_unit(kind: str, value: float) -> None:
    true = responses()
    published = as_published(kind, true)
    published[3][500] = value
    made = to_conductance(published, "auto")
    assert made.kind == kind
    # -0.001 and -5 lie well within a resistance whose mean was removed.
    hidden = kind == RELATIVE and abs(value) < 10
    assert made.outliers == [0, 0, 0, 0 if hidden else 1, 0, 0, 0, 0]
    for number, (trial, own) in enumerate(zip(made.trials, true, strict=True)):
        there = np.arange(1000) != (500 if number == 3 else -1)
        assert np.isnan(trial[~there]).all() or hidden
        assert np.corrcoef(trial[there], own[there])[0, 1] > 0.98
        if kind != RELATIVE:
            np.testing.assert_allclose(trial[there], own[there])


@pytest.mark.parametrize("kind", [CONDUCTANCE, RESISTANCE])
@pytest.mark.parametrize("unit", ["auto", "told"])
def test_a_trial_that_is_bad_to_a_third_goes_with_its_subject(kind: str, unit: str) -> None:
    true = responses()
    published = as_published(kind, true)
    published[3][:330] = -5.0
    told = {CONDUCTANCE: "us", RESISTANCE: "ohm"}[kind] if unit == "told" else "auto"
    made = to_conductance(published, told)
    assert made.kind == kind and made.outliers[3] == 330
    np.testing.assert_allclose(made.trials[3][330:], true[3][330:])


def test_a_trial_in_another_unit_than_its_subjects_is_left_out_and_counted() -> None:
    published = as_published(RESISTANCE, responses())
    published[2] = published[2] - published[2].mean()
    tally = Tally()
    kept = usable_trials({str(n): trial for n, trial in enumerate(published)}, "auto", tally)
    assert sorted(kept) == ["0", "1", "3", "4", "5", "6", "7"]
    assert tally.skipped == {OUTSIDE: 1}
    assert tally.notes() == (f"GSR channel: {RESISTANCE} (7 trials)",)


def test_outliers_are_counted_in_the_notes() -> None:
    published = as_published(CONDUCTANCE, responses())
    published[0][10:14] = -1.0
    tally = Tally()
    kept = usable_trials({str(n): trial for n, trial in enumerate(published)}, "auto", tally)
    assert len(kept) == 8 and np.isnan(kept["0"]).sum() == 4
    assert tally.notes()[1].startswith("4 of 8000 samples of the GSR channel lie outside")


def test_what_is_told_is_taken_as_it_stands_where_no_limit_could_hold() -> None:
    kilohm = [trial / 1e3 for trial in as_published(RESISTANCE, responses())]
    made = to_conductance(kilohm, "ohm")
    np.testing.assert_allclose(made.trials[0], 1e6 / kilohm[0])
    assert sum(made.outliers) == 0
    arbitrary = [trial - trial.mean() for trial in responses()]
    made = to_conductance(arbitrary, "us")
    np.testing.assert_array_equal(made.trials[0], arbitrary[0])


def test_microsiemens_that_no_skin_has_are_missing() -> None:
    clean, count = without_impossible(np.array([1.0, -0.1, 0.0, np.nan, np.inf, 1e3, 99.0]))
    np.testing.assert_array_equal(clean, [1.0, np.nan, 0.0, np.nan, np.nan, np.nan, 99.0])
    assert count == 3


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(DatasetError, match="expected: auto, ohm, us"):
        to_conductance([], "kohm")
