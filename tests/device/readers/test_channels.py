"""Which channel is skin conductance, and its unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.errors import RecordingError
from device.readers.channels import channel, microsiemens

PATH = Path("file.acq")


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("microsiemens", 4.0, 4.0),
        ("µS", 4.0, 4.0),
        ("μS", 4.0, 4.0),
        ("umho", 4.0, 4.0),
        ("\u03bcsiemens", 4.0, 4.0),
        ("mS", 0.004, 4.0),
        ("S", 4e-6, 4.0),
        ("nS", 4000.0, 4.0),
        ("kΩ", 250.0, 4.0),
        ("kOhms", 250.0, 4.0),
        ("Ohm", 250e3, 4.0),
        ("MOhm", 0.25, 4.0),
        ("", 4.0, 4.0),
    ],
)
def test_units_become_microsiemens(unit: str, value: float, expected: float) -> None:
    found = microsiemens(PATH, "EDA", unit, np.array([value]))
    assert found[0] == pytest.approx(expected)


def test_a_resistance_that_is_not_positive_is_no_value() -> None:
    found = microsiemens(PATH, "EDA", "kohm", np.array([0.0, -1.0, 100.0]))
    np.testing.assert_allclose(found, [np.nan, np.nan, 10.0])


def test_another_unit_is_refused_with_those_that_fit() -> None:
    for unit in ("mV", "ms", "s"):
        with pytest.raises(RecordingError, match=rf"in '{unit}'.*mS, µS.*kohm"):
            microsiemens(PATH, "EDA", unit, np.array([1.0]))


def test_the_channel_is_found_by_name_then_by_unit() -> None:
    assert channel(PATH, ["ECG", "EDA"], ["mV", "V"], None) == 1
    assert channel(PATH, ["A1", "A2"], ["mV", "microsiemens"], None) == 1
    assert channel(PATH, ["A1", "A2"], ["", ""], "A2") == 1
    assert channel(PATH, ["A1", "A2"], ["", ""], "0") == 0


@pytest.mark.parametrize("names", [["EDA", "GSR"], ["ECG", "RSP"]])
def test_several_or_none_are_an_error_that_lists_them(names: list[str]) -> None:
    with pytest.raises(RecordingError) as error:
        channel(PATH, names, ["uS", "uS"], None)
    for i, name in enumerate(names):
        assert f"{i} {name} (uS)" in str(error.value)
    assert "--column" in str(error.value)
    with pytest.raises(RecordingError, match="no channel 'EDA3'"):
        channel(PATH, names, ["uS", "uS"], "EDA3")
