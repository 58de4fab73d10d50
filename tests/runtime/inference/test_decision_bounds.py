"""What a decision says is what its number says, whatever came before."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.inference.decision import Decider, DecisionSettings, expires_s
from runtime.preprocessing.contract import Contract
from tests.runtime.inference.test_decision import decide, prediction

probabilities = st.none() | st.floats(0, 1) | st.sampled_from([math.nan, math.inf])


@given(st.lists(probabilities), st.floats(0.01, 0.99), st.floats(0, 0.5), st.floats(0, 20))
def test_state_and_smoothed_probability_never_contradict(
    tiny_contract: Contract,
    course: list[float | None],
    threshold: float,
    hysteresis: float,
    smoothing_s: float,
) -> None:
    settings = DecisionSettings(smoothing_s=smoothing_s, threshold=threshold, hysteresis=hysteresis)
    low, high = settings.bounds(tiny_contract.targets[0])
    assert 0 < low <= threshold <= high < 1
    for one in decide(tiny_contract, settings, course):
        if one.smoothed is None:
            assert one.state == "withheld"
        elif one.smoothed >= high:
            assert one.state == "high"
        elif one.smoothed < low:
            assert one.state == "low"
        else:
            assert one.state == "undecided"


def test_half_is_neither(tiny_contract: Contract) -> None:
    assert decide(tiny_contract, DecisionSettings(), [0.5])[0].state == "undecided"


def test_the_state_does_not_outlive_a_silence(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract)
    decider.push(prediction(10, 0.9))
    late = decider.push(prediction(7210, 0.47)).decisions["arousal"]
    assert (late.state, late.smoothed) == ("undecided", 0.47)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_withheld_and_forgotten(tiny_contract: Contract, value: float) -> None:
    settings = DecisionSettings(smoothing_s=4.0, baseline_s=2)
    with_it = decide(tiny_contract, settings, [0.2, value, 0.2, 0.9])
    without = decide(tiny_contract, settings, [0.2, None, 0.2, 0.9])
    assert with_it == without
    assert (with_it[1].state, with_it[1].smoothed) == ("withheld", None)
    assert with_it[3].change is not None and math.isfinite(with_it[3].change)


def test_a_level_that_is_no_number_does_not_spoil_the_baseline(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract, DecisionSettings(baseline_s=1))
    levels = [math.nan, 4.0, 5.0]
    seen = [decider.push(prediction(10.0 + k, 0.5, level)) for k, level in enumerate(levels)]
    assert [p.baseline_left_s for p in seen] == [1, 0, 0]
    assert seen[2].level_change_us == pytest.approx(1.0)


def test_after_a_silence_as_long_as_a_window_everything_begins_anew(
    tiny_contract: Contract,
) -> None:
    wait_s = expires_s(tiny_contract)
    assert wait_s == tiny_contract.window_s == 10
    settings = DecisionSettings(smoothing_s=100.0, trigger_level=0.8, refractory_s=5)
    for silence_s, anew in ((wait_s - 1, False), (wait_s, True)):
        decider = Decider(tiny_contract, settings)
        first = decider.push(prediction(10, 0.9)).decisions["arousal"]
        late = decider.push(prediction(10 + silence_s, 0.85)).decisions["arousal"]
        assert first.triggered
        assert (late.smoothed == 0.85) is anew
        assert late.triggered is anew


def test_the_refractory_time_outlives_a_silence(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract, DecisionSettings(trigger_level=0.8, refractory_s=60))
    seen = [decider.push(prediction(at_s, 0.9)).decisions["arousal"] for at_s in (10, 40, 80)]
    assert [one.triggered for one in seen] == [True, False, True]


def test_a_stream_that_begins_again_is_a_new_one(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract, DecisionSettings(smoothing_s=5, trigger_level=0.8))
    seen = [decider.push(prediction(at_s, 0.9)).decisions["arousal"] for at_s in (900, 12)]
    assert [one.triggered for one in seen] == [True, True]
    assert decider.push(prediction(13, 0.1)).decisions["arousal"].smoothed < 0.9
