import math

import numpy as np
import pytest

from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Decision, Estimate, Prediction
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.windows import Window


def prediction(end_s: float, probability: float | None, level_us: float = 5.0) -> Prediction:
    nothing = np.empty(0)
    level = nothing if probability is None else np.full(80, level_us)
    window = Window(0, end_s - 10, end_s, None, level, level, level, 0.0, ())
    label = "none" if probability is None else ("low", "high")[probability >= 0.5]
    estimates = {name: Estimate(label, probability) for name in ("arousal", "valence")}
    return Prediction(window, estimates, 1.0, 1.0)


def decide(
    contract: Contract, settings: DecisionSettings, course: list[float | None]
) -> list[Decision]:
    decider = Decider(contract, settings)
    return [
        decider.push(prediction(10.0 + k, value)).decisions["arousal"]
        for k, value in enumerate(course)
    ]


def test_smoothing_is_the_exponential_step_response(tiny_contract: Contract) -> None:
    settings = DecisionSettings(smoothing_s=4.0)
    answers = decide(tiny_contract, settings, [0.0] + [1.0] * 8)
    expected = [1 - math.exp(-k / 4.0) for k in range(9)]
    assert [a.smoothed for a in answers] == pytest.approx(expected)


def test_between_the_bounds_it_is_undecided(tiny_contract: Contract) -> None:
    settings = DecisionSettings(smoothing_s=0, threshold=0.6, hysteresis=0.1)
    course = [0.2, 0.65, 0.69, 0.71, 0.55, 0.51, 0.49, 0.69, 0.7]
    states = [a.state for a in decide(tiny_contract, settings, [*course])]
    between = "undecided"
    assert states == ["low", between, between, "high", between, between, "low", between, "high"]


def test_without_hysteresis_noise_at_the_threshold_flips_the_state(tiny_contract: Contract) -> None:
    course: list[float | None] = [0.49, 0.51] * 10
    calm = DecisionSettings(smoothing_s=0, hysteresis=0.05)
    nervous = DecisionSettings(smoothing_s=0, hysteresis=0.0)
    assert {a.state for a in decide(tiny_contract, calm, course)} == {"undecided"}
    assert [a.state for a in decide(tiny_contract, nervous, course)] == ["low", "high"] * 10


def test_triggers_wait_for_rearming_and_for_the_refractory_time(tiny_contract: Contract) -> None:
    settings = DecisionSettings(smoothing_s=0, trigger_level=0.8, refractory_s=5, hysteresis=0.05)
    course = [0.7, 0.8, 0.9, 0.78, 0.85, 0.7, 0.9, 0.9, 0.9, 0.7, 0.9, 0.9, 0.9]
    fired = [k for k, a in enumerate(decide(tiny_contract, settings, [*course])) if a.triggered]
    # 1: reached. 3, 4: not low enough in between. 6: armed, and five seconds later. 10: armed, but
    # only four seconds after; 11: five.
    assert fired == [1, 6, 11]
    assert not any(a.triggered for a in decide(tiny_contract, DecisionSettings(), [1.0] * 5))


def test_withheld_where_there_is_no_answer(tiny_contract: Contract) -> None:
    settings = DecisionSettings(smoothing_s=2.0, trigger_level=0.6)
    answers = decide(tiny_contract, settings, [0.9, None, None, 0.1])
    assert [a.state for a in answers[1:3]] == ["withheld"] * 2
    assert [a.smoothed for a in answers[1:3]] == [None, None]
    # Three seconds have passed for the smoothing.
    assert answers[3].smoothed == pytest.approx(0.9 - (1 - math.exp(-3 / 2)) * 0.8)


def test_a_long_silence_forgets(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract, DecisionSettings(smoothing_s=5.0))
    decider.push(prediction(10, 1.0))
    late = decider.push(prediction(1000, 0.25)).decisions["arousal"]
    assert late.smoothed == pytest.approx(0.25)


def test_the_baseline_comes_first_and_changes_are_against_it(tiny_contract: Contract) -> None:
    settings = DecisionSettings(smoothing_s=0, baseline_s=3, trigger_level=0.1)
    decider = Decider(tiny_contract, settings)
    course = [(0.2, 4.0), (None, 4.0), (0.3, 5.0), (0.4, 6.0), (0.8, 7.5)]
    seen = [decider.push(prediction(10.0 + k, *item)) for k, item in enumerate(course)]
    assert [p.baseline_left_s for p in seen] == [2, 2, 1, 0, 0]
    assert [p.decisions["arousal"].state for p in seen] == ["withheld"] * 4 + ["high"]
    assert [p.decisions["arousal"].triggered for p in seen] == [False] * 4 + [True]
    assert seen[2].decisions["arousal"].change is None
    assert seen[4].decisions["arousal"].change == pytest.approx(0.8 - 0.3)
    assert seen[4].level_change_us == pytest.approx(7.5 - 5.0)
