"""How the benchmark compares two machines' predictions."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.arm64 import compare
from device.errors import RtcanError


def prediction(time_s: float, high: float | None, state: str = "low") -> dict[str, Any]:
    answer = {"label": state, "state": state, "probability_high": high}
    return {"time_s": time_s, "arousal": answer, "valence": {**answer, "probability_high": None}}


def test_the_largest_difference_and_every_other_decision_count() -> None:
    here = [prediction(1.0, 0.25), prediction(2.0, 0.5), prediction(3.0, None, "withheld")]
    there = [prediction(1.0, 0.125), prediction(2.0, 0.5), prediction(3.0, None, "low")]
    assert compare(here, there) == {
        "windows": 3,
        "answers": 2,
        "decisions_that_differ": 2,
        "largest_probability_difference": 0.125,
    }


@pytest.mark.parametrize("there", [[], [prediction(1.5, 0.25)]])
def test_other_windows_are_not_compared(there: list[dict[str, Any]]) -> None:
    with pytest.raises(RtcanError, match="windows here"):
        compare([prediction(1.0, 0.25)], there)
