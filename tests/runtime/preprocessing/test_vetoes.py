"""Windows that no score excuses: an artefact anywhere, noise alone; and what is answered."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from device.calibration import GroveCalibration
from device.errors import ContractError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.cvxeda.solver import CvxEDA
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Contract, CvxEdaParameters, QualityLimits
from runtime.preprocessing.quality import ARTEFACT, NOISE, REFUSED, Quality, assess, movement
from runtime.preprocessing.quality import ILL_POSED as ILL
from runtime.preprocessing.window import Window
from runtime.preprocessing.windows import Preprocessor

RATE_HZ = 20.0
ILL_POSED = "tonic and phasic cannot be told apart"


def assessed(
    time_s: np.ndarray, eda_us: np.ndarray, contract: Contract
) -> list[tuple[Window, Quality]]:
    windows = Preprocessor(contract).push(time_s, eda_us)
    assert windows
    return [(window, assess(window, contract)) for window in windows]


def resistor(rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    time_s = np.arange(0, 300, 1 / rate_hz)
    return time_s, 3.3 + 0.02 * np.random.default_rng(0).standard_normal(time_s.size)


def coarse_resistor(rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """The last bit of a ten-bit converter flickers."""
    calibration = GroveCalibration()
    time_s = np.arange(0, 300, 1 / rate_hz)
    noise = np.random.default_rng(0).standard_normal(time_s.size)
    return time_s, calibration.to_us(
        np.round(calibration.to_adc(np.full(time_s.size, 3.3)) + noise)
    )


def tremor(rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    time_s = np.arange(0, 300, 1 / rate_hz)
    noise = 0.01 * np.random.default_rng(0).standard_normal(time_s.size)
    return time_s, 5.0 + 0.5 * np.sin(2 * np.pi * time_s) + noise


@pytest.mark.parametrize("rate_hz", [4.0, 19.0, 100.0])
@pytest.mark.parametrize("signal", [resistor, coarse_resistor, tremor])
def test_noise_alone_is_vetoed(signal: object, rate_hz: float) -> None:
    contract = Contract(hop_s=10.0)
    for window, quality in assessed(*signal(rate_hz), contract):  # type: ignore[operator]
        assert not window.well_posed
        assert quality.vetoes == (NOISE,)
        assert not quality.sufficient and quality.score == 0
        assert quality.reasons[0] == ILL_POSED
        assert "no more than its noise" in quality.reasons[-1]


def test_the_pipeline_gives_no_answer_to_a_resistor(tiny_model: Path) -> None:
    time_s, eda_us = resistor(RATE_HZ)
    predictions = Pipeline(Classifier(tiny_model)).push(Samples(time_s[:800], eda_us[:800]))
    assert predictions
    assert all(p.withheld and p.quality == 0 for p in predictions)


@pytest.mark.parametrize("name", ["flirt_e4_4hz_300s_60s", "flirt_e4_4hz_900s_120s"])
def test_an_ill_posed_window_of_a_moving_wrist_is_answered_and_says_so(
    shared_data: Path, name: str
) -> None:
    with np.load(shared_data / "cvxeda_golden.npz") as golden:
        eda_us = golden[f"{name}/y"].astype(float)
    contract = Contract(window_s=40.0, hop_s=2.0)
    found = assessed(np.arange(eda_us.size) / 4.0, eda_us, contract)
    answered = [(window, quality) for window, quality in found if quality.sufficient]
    assert len(answered) > len(found) / 2
    ill_posed = [quality for window, quality in answered if not window.well_posed]
    assert ill_posed
    for quality in ill_posed:
        assert quality.score == pytest.approx(2 / 3, abs=0.2)
        assert ILL_POSED in quality.reasons and not quality.vetoes


def test_in_a_persons_own_units_an_ill_posed_window_is_vetoed() -> None:
    contract = Contract(hop_s=10.0)
    personal = dataclasses.replace(
        contract, normalisation="personal", reference_s=1500.0, reference_span_s=3600.0
    )
    samples = simulate(Person(), 90.0, 19.0, arousal=lambda _: 0.7, seed=4)
    for window, _ in assessed(samples.time_s, samples.eda_us, contract):
        ill_posed = dataclasses.replace(window, well_posed=False)
        assert assess(ill_posed, contract).vetoes == ()
        assert assess(ill_posed, personal).vetoes == (ILL,)


def test_a_resting_person_is_no_noise() -> None:
    calibration = GroveCalibration()
    for seed in range(3):
        person = Person.draw(np.random.default_rng(seed))
        samples = simulate(person, 180.0, 19.0, arousal=lambda _: 0.1, seed=seed)
        coarse_us = calibration.to_us(np.round(calibration.to_adc(samples.eda_us)))
        for _, quality in assessed(samples.time_s, coarse_us, Contract(hop_s=5.0)):
            assert NOISE not in quality.vetoes


@pytest.mark.parametrize("at_s", [20.5, 25.0, 30.0])
def test_an_artefact_anywhere_in_what_is_used_is_vetoed(
    tiny_contract: Contract, at_s: float
) -> None:
    """Half a second of 30 µS, in the context or the window, and nothing once it has left both."""
    contract = dataclasses.replace(tiny_contract, context_s=5.0)
    samples = simulate(Person(), 60.0, RATE_HZ, arousal=lambda _: 0.7, seed=4)
    struck = (samples.time_s >= at_s) & (samples.time_s < at_s + 0.5)
    found = assessed(samples.time_s, np.where(struck, 30.0, samples.eda_us), contract)
    in_context = 0
    for window, quality in found:
        first_s = window.start_s - contract.context_s
        if first_s < at_s - 0.5 and window.end_s > at_s + 1.0:
            assert ARTEFACT in quality.vetoes and not quality.sufficient and quality.score == 0
            assert any("changes too fast for sweat" in reason for reason in quality.reasons)
            in_context += window.start_s > at_s + 1.0
        elif window.end_s < at_s - 0.5 or first_s > at_s + 1.0:
            assert ARTEFACT not in quality.vetoes
    assert in_context >= 3


def test_other_faults_in_the_context_count_too(tiny_contract: Contract) -> None:
    contract = dataclasses.replace(tiny_contract, context_s=10.0, hop_s=10.0)
    time_s = np.arange(0, 21, 1 / RATE_HZ)
    slow = 0.6 + 0.59 * np.cos(2 * np.pi * (time_s - 5) / 30 + np.pi)  # down to 0.01 at 5 s
    ((window, quality),) = assessed(time_s, slow, contract)
    assert window.eda_us.min() > 0.05
    assert any("electrodes on the skin" in reason for reason in quality.reasons)
    assert quality.score < 1


def test_what_was_refused_is_vetoed(tiny_contract: Contract) -> None:
    time_s = np.arange(0, 40, 1 / RATE_HZ)
    for _, quality in assessed(time_s, np.full(time_s.size, 5.0), tiny_contract):
        assert quality.vetoes == (REFUSED,) and quality.score == 0


def test_noise_on_a_fast_grid_is_no_motion() -> None:
    contract = Contract(rate_hz=128.0, window_s=20.0, hop_s=5.0, input_length=512)
    samples = simulate(Person(), 40.0, 128.0, arousal=lambda _: 0.7, seed=4)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(samples))
    for _, quality in assessed(samples.time_s, samples.eda_us + noise, contract):
        assert ARTEFACT not in quality.vetoes


@pytest.mark.parametrize("rate_hz", [1.0, 4.0, 8.0])
@pytest.mark.parametrize("context_s", [2.0, 5.0])
@pytest.mark.parametrize("spread_s", [0.0, 0.5, 30.0])
def test_windows_shorter_than_the_spread(rate_hz: float, context_s: float, spread_s: float) -> None:
    contract = Contract(
        rate_hz=rate_hz,
        context_s=context_s,
        window_s=1.0,
        input_length=16,
        quality=QualityLimits(spread_s=spread_s),
    )
    time_s = np.arange(0, 20, 0.05)
    eda_us = 5 + np.sin(time_s) + np.where(time_s > 10, 30.0, 0.0)
    found = assessed(time_s, eda_us, contract)
    assert any(ARTEFACT in quality.vetoes for _, quality in found)
    assert ARTEFACT not in found[0][1].vetoes


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"rate_hz": 1.0, "context_s": 0.0, "window_s": 2.0}, r"window_s.*3 samples"),
        (
            {"rate_hz": 4.0, "window_s": 3600.0, "cvxeda": CvxEdaParameters(knot_spacing_s=1.0)},
            r"knot_spacing_s.*1000 knots",
        ),
    ],
)
def test_a_contract_that_cannot_be_decomposed_is_refused(bad: dict[str, object], says: str) -> None:
    with pytest.raises(ContractError, match=says):
        Contract(**bad)  # type: ignore[arg-type]


def test_movement() -> None:
    rng = np.random.default_rng(0)
    assert movement(rng.standard_normal(520), 8.0) < 0.5
    assert movement(np.sin(np.arange(520) / 80), 8.0) > 5
    assert movement(np.ones(520), 8.0) == np.inf
    assert movement(np.ones(4), 8.0) == np.inf


def test_white_noise_is_ill_posed_at_any_size() -> None:
    """What the veto on noise leans on."""
    for n, rate_hz in ((96, 8.0), (520, 8.0), (1040, 16.0)):
        y = np.random.default_rng(n).standard_normal(n)
        assert not CvxEDA(n, rate_hz).decompose((y - y.mean()) / y.std()).well_posed
