"""Counts to microsiemens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.calibration import GroveCalibration, MicrosiemensCalibration, parse_calibration
from device.errors import DeviceError


def test_grove_by_hand() -> None:
    # R = (1024 + 2 * 201) * 10 kOhm / (512 - 201) = 45.852 kOhm: 21.809 uS.
    assert GroveCalibration().to_us([201])[0] == pytest.approx(1e6 / 45852.0900321, rel=1e-9)
    # R = (4096 + 2 * 1000) * 10 kOhm / (2048 - 1000) = 58.168 kOhm on a 12-bit board.
    assert GroveCalibration(2048, 12).to_us([1000])[0] == pytest.approx(1048 / 0.06096e3, rel=1e-9)


def test_open_and_shorted_electrodes_are_missing_values() -> None:
    value_us = GroveCalibration().to_us([0, -1, 511.9, 512, 513, 1023])
    assert np.isnan(value_us).tolist() == [True, True, False, True, True, True]
    assert value_us[2] > 0


@given(st.floats(0.01, 40.0), st.integers(10, 16))
def test_there_and_back(eda_us: float, bits: int) -> None:
    calibration = GroveCalibration(2.0 ** (bits - 1), bits)
    assert calibration.to_us(calibration.to_adc(eda_us)) == pytest.approx(eda_us, rel=1e-6)


def test_texts() -> None:
    assert parse_calibration("512") == GroveCalibration()
    assert parse_calibration("2048,12") == GroveCalibration(2048, 12)
    assert parse_calibration("us") == MicrosiemensCalibration()
    assert np.isnan(parse_calibration("us").to_us([-1.0]))[0]


@pytest.mark.parametrize("text", ["", "x", "0", "2000", "512,99", "512,x", "-5", "nan", "512,10,1"])
def test_texts_that_are_refused(text: str) -> None:
    with pytest.raises(DeviceError, match="not understood"):
        parse_calibration(text)
