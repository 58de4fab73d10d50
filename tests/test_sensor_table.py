"""The steps in the table of sensors are those of the calibrations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device.calibration import (
    BitalinoCalibration,
    Calibration,
    EmotibitCalibration,
    GroveCalibration,
    ShimmerCalibration,
    step_us,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sensors.md"
CALIBRATIONS: dict[str, Calibration] = {
    "Grove GSR on an Uno (10 bits)": GroveCalibration(),
    "Grove GSR on an ESP32 (12 bits)": GroveCalibration(2048, 12),
    "Grove GSR with [our firmware](wiring.md) (14 bits)": GroveCalibration(8192, 14),
    "BITalino (r)evolution": BitalinoCalibration(),
    "EmotiBit": EmotibitCalibration(),
    "Shimmer3 GSR+, Shimmer3R GSR+": ShimmerCalibration(),
}


def rows() -> dict[str, list[str]]:
    table = PAGE.read_text(encoding="utf-8").split("## Which one")[1].split("\n\n")[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert cells[0][4:6] == ["step at 2 µS", "step at 10 µS"]
    return {row[0]: row for row in cells[2:]}


def test_every_sensor_of_which_the_step_is_known_is_in_the_table_and_no_other_step() -> None:
    assert CALIBRATIONS.keys() <= rows().keys()
    for name in rows().keys() - CALIBRATIONS.keys():
        assert not re.search(r"\d", "".join(rows()[name][4:6])), name


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_the_steps_are_those_of_the_calibration(name: str) -> None:
    for cell, level_us in zip(rows()[name][4:6], (2.0, 10.0), strict=True):
        step = step_us(CALIBRATIONS[name], level_us)
        assert step is not None
        assert cell == f"{step:.2g} µS"


def test_a_ten_bit_grove_is_too_coarse_at_six() -> None:
    # 0.06 µS, of which the issue and the page speak.
    step = step_us(GroveCalibration(), 6.0)
    assert step is not None
    assert re.fullmatch(r"0\.06\d*", f"{step:.3g}")
