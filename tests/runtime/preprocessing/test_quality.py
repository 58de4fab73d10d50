"""Judging windows: each fault by its name, and answers withheld where the signal is too poor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.calibration import GroveCalibration
from device.errors import ContractError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline, Prediction
from runtime.preprocessing.contract import Contract, QualityLimits
from runtime.preprocessing.quality import assess
from runtime.preprocessing.windows import Preprocessor

RATE_HZ = 20.0


def person(seconds: float = 40.0) -> Samples:
    return simulate(Person(), seconds, RATE_HZ, arousal=lambda _: 0.7, seed=4)


def predictions(model: Path, samples: Samples) -> list[Prediction]:
    return Pipeline(Classifier(model)).push(samples)


def spoilt(first_s: float, stop_s: float, value: float | None) -> Samples:
    samples = person()
    eda_us = samples.eda_us.copy()
    piece = slice(round(first_s * RATE_HZ), round(stop_s * RATE_HZ))
    eda_us[piece] = eda_us[piece.start] if value is None else value
    return Samples(samples.time_s, eda_us)


def test_a_good_signal_is_good(tiny_model: Path) -> None:
    found = predictions(tiny_model, person())
    assert not any(prediction.withheld for prediction in found)
    # So short a window holds few knots of the tonic: a few are not to be decomposed safely.
    posed = [prediction for prediction in found if prediction.window.well_posed]
    assert len(posed) > len(found) / 2
    for prediction in posed:
        assert prediction.quality == 1.0
        assert prediction.window.reasons == ()
    for prediction in found:
        if not prediction.window.well_posed:
            assert prediction.quality == pytest.approx(2 / 3)
            assert prediction.window.reasons == ("tonic and phasic cannot be told apart",)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (spoilt(15, 22, None), "is stuck at one value"),
        (spoilt(15, 20, 0.01), "are the electrodes on the skin"),
        (spoilt(15, 20, 75.0), "more than skin has"),
        (spoilt(15, 20, np.nan), "electrodes open or saturated"),
        (spoilt(20, 20.5, 25.0), "changes too fast for sweat"),
    ],
)
def test_each_fault_has_its_name_and_withholds_the_answer(
    samples: Samples, says: str, tiny_model: Path
) -> None:
    found = predictions(tiny_model, samples)
    struck = [p for p in found if any(says in reason for reason in p.window.reasons)]
    assert struck
    assert all(p.quality < 1 for p in struck)
    # Where it fills more than the allowed tenth of the window there is no answer.
    withheld = [p for p in struck if p.withheld]
    assert withheld
    for prediction in withheld:
        assert prediction.quality < 0.5
        assert {e.label for e in prediction.estimates.values()} == {"none"}
        assert {e.probability_high for e in prediction.estimates.values()} == {None}
    # Before and long after it, all is well.
    assert found[0].quality == found[-1].quality == 1.0
    assert not found[0].withheld
    assert not found[-1].withheld


def test_missing_samples_are_told_from_open_electrodes(tiny_model: Path) -> None:
    samples = person()
    keep = (samples.time_s < 15) | (samples.time_s > 20)
    found = predictions(tiny_model, Samples(samples.time_s[keep], samples.eda_us[keep]))
    reasons = {reason for p in found for reason in p.window.reasons}
    assert any("no samples" in reason for reason in reasons)
    assert not any("electrodes" in reason for reason in reasons)


def test_a_flat_signal_scores_nothing(tiny_model: Path) -> None:
    samples = person()
    found = predictions(tiny_model, Samples(samples.time_s, np.full(len(samples), 5.0)))
    assert all(p.quality == 0 and p.withheld for p in found)


def test_any_cutting_gives_the_same_judgement(tiny_model: Path) -> None:
    samples = spoilt(15, 20, np.nan)
    whole = predictions(tiny_model, samples)
    pipeline, parts = Pipeline(Classifier(tiny_model)), []
    for i in range(0, len(samples), 37):
        piece = slice(i, i + 37)
        parts += pipeline.push(Samples(samples.time_s[piece], samples.eda_us[piece]))
    assert [(p.quality, p.window.reasons) for p in parts] == [
        (p.quality, p.window.reasons) for p in whole
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"min_us": -1.0},
        {"min_us": 70.0},
        {"max_slope_us_per_s": 0.0},
        {"spread_s": -1.0},
        {"flat_s": 0.0},
        {"min_score": 2.0},
    ],
)
def test_limits_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(ContractError, match=next(iter(bad))):
        Contract(quality=QualityLimits(**bad))


def test_limits_travel_with_the_contract() -> None:
    contract = Contract(quality=QualityLimits(min_score=0.7))
    assert Contract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("seed", range(4))
def test_a_resting_person_on_a_coarse_converter_gets_answers(seed: int) -> None:
    calibration = GroveCalibration()
    person = Person.draw(np.random.default_rng(seed))
    samples = simulate(person, 180.0, 19.0, arousal=lambda _: 0.1, seed=seed)
    coarse_us = calibration.to_us(np.round(calibration.to_adc(samples.eda_us)))
    contract = Contract(hop_s=5.0)
    windows = Preprocessor(contract).push(samples.time_s, coarse_us)
    sufficient = [assess(window, contract).sufficient for window in windows]
    assert np.mean(sufficient) > 0.9


def test_open_electrodes_withhold_second_by_second(tiny_model: Path) -> None:
    samples = person()
    eda_us = np.where(samples.time_s >= 15, np.nan, samples.eda_us)
    found = predictions(tiny_model, Samples(samples.time_s, eda_us))
    assert found[-1].window.end_s == 39.0
    later = [prediction for prediction in found if prediction.window.end_s > 16]
    assert len(later) == 23
    for prediction in later:
        assert prediction.withheld and prediction.quality == 0
        assert {e.label for e in prediction.estimates.values()} == {"none"}
        assert prediction.window.reasons[0].startswith("electrodes open or saturated for ")
