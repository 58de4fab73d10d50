import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.inference.decision import Decider, DecisionSettings
from runtime.preprocessing.contract import Contract
from runtime.sinks.words import clock, filling, pace, shown
from tests.runtime.inference.test_decision import prediction


@pytest.mark.parametrize(
    ("time_s", "known"),
    [(0, "0:00"), (383, "6:23"), (59.6, "1:00"), (3983, "1:06:23"), (-5, "−0:05"), (-0.2, "0:00")],
)
def test_points_in_time(time_s: float, known: str) -> None:
    assert clock(time_s) == known


@pytest.mark.parametrize(
    ("speed", "known"),
    [(1.0, ""), (8.0, "8× real time"), (0.5, "0.5× real time")],
)
def test_the_pace(speed: float | None, known: str) -> None:
    assert pace(speed) == known
    assert filling(18.2, 65, speed).endswith(known or "18 of 65 s of signal")


def test_as_fast_as_possible_is_said_too() -> None:
    assert pace(None) == "the highest speed possible"


@given(st.lists(st.none() | st.floats(0, 1), min_size=1))
def test_word_and_number_never_contradict(
    tiny_contract: Contract, course: list[float | None]
) -> None:
    settings = DecisionSettings()
    decider = Decider(tiny_contract, settings)
    target = tiny_contract.targets[0]
    low, high = settings.bounds(target)
    for k, value in enumerate(course):
        one = shown(decider.push(prediction(10.0 + k, value)), target)
        if value is None:
            assert (one.state, one.word, one.share, one.number) == (
                "withheld",
                "no answer",
                None,
                "",
            )
            continue
        assert one.share is not None
        # The number is rounded to whole percents: half of one is all that it may be off.
        percent = int(one.number.removesuffix(" % high"))
        assert abs(percent - 100 * one.share) <= 0.5
        if one.state == "high":
            assert percent >= 100 * high - 0.5
        elif one.state == "low":
            assert percent <= 100 * low + 0.5
        else:
            assert one.state == one.word == "undecided"
            assert 100 * low - 0.5 <= percent <= 100 * high + 0.5


def test_at_rest_and_against_rest(tiny_contract: Contract) -> None:
    decider = Decider(tiny_contract, DecisionSettings(baseline_s=2, smoothing_s=0))
    target = tiny_contract.targets[0]
    seen = [
        shown(decider.push(prediction(10.0 + k, p)), target) for k, p in enumerate((0.5, 0.5, 0.2))
    ]
    assert [one.word for one in seen] == ["at rest, 1 s left", "at rest, 0 s left", "low"]
    assert [one.change for one in seen] == ["", "", "−30"]
