"""Units and formulas as streams and users write them."""

from __future__ import annotations

import numpy as np
import pytest

from device.errors import ArgumentError
from device.units import EXAMPLE, UnitCalibration, known_unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("microsiemens", "uS"), ("MicroSiemens", "uS"), ("µS", "uS"), ("μS", "uS"), ("us", "uS"),
        ("micro-Siemens", "uS"), ("Siemens", "S"), ("S", "S"), ("mS", "mS"), ("nS", "nS"),
        ("kOhm", "kohm"), ("kΩ", "kohm"), ("k\u2126", "kohm"), ("KOHMS", "kohm"),
        ("kilo ohm", "kohm"), ("Ohm", "ohm"), ("MOhm", "Mohm"), ("megaohm", "Mohm"),
        ("mV", None), ("V", None), ("", None), ("counts", None), ("mohm", None), ("%", None),
    ],
)  # fmt: skip
def test_units_are_known_in_many_spellings(text: str, unit: str | None) -> None:
    assert known_unit(text) == unit


@pytest.mark.parametrize("unit", ["S", "mS", "uS", "nS", "ohm", "kohm", "Mohm"])
def test_every_unit_gives_five_microsiemens(unit: str) -> None:
    raw = {"S": 5e-6, "mS": 5e-3, "uS": 5.0, "nS": 5e3, "ohm": 2e5, "kohm": 200.0, "Mohm": 0.2}
    np.testing.assert_allclose(UnitCalibration(unit).to_us([raw[unit]]), [5.0], rtol=1e-12)


def test_what_is_no_conductance_is_no_value() -> None:
    assert np.isnan(UnitCalibration("kohm").to_us([0.0, -3.0, np.nan, np.inf])[:3]).all()
    assert np.isnan(UnitCalibration("uS").to_us([-0.1, np.inf, np.nan])).all()


def test_formulas() -> None:
    # biosignalsplux: EDA(µS) = (adc / 2**16 * 3) / 0.12, PLUX's EDA sensor data sheet.
    formula = UnitCalibration("x / 2**16 * 3 / 0.12")
    np.testing.assert_allclose(formula.to_us([2**16, 2**15]), [25.0, 12.5])
    # The same in millivolts: what messages give as an example.
    assert "'x / 120'" in EXAMPLE
    np.testing.assert_allclose(UnitCalibration("x / 120").to_us([3000.0, 1500.0]), [25.0, 12.5])
    assert UnitCalibration("-(2 - x)").to_us([3.0]).tolist() == [1.0]
    assert np.isnan(UnitCalibration("1 / (x - 2)").to_us([2.0])).all()
    assert np.isnan(UnitCalibration("2**2**2**99 * x").to_us([2.0])).all()


@pytest.mark.parametrize(
    "text",
    ["", "mV", "2", "x +", "y", "x.real", "__import__('os')", "[x]", "x if x else 1", "x < 2",
     "x" * 300, "(" * 150 + "x", "'a' * x", "1j * x"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"calibration is .*expected: a unit"):
        UnitCalibration(text)
