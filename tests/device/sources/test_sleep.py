"""A computer that sleeps: an hour is an hour's gap, whatever the sensor and its clock."""

from pathlib import Path

import numpy as np
import pytest

from device.drivers.driver import DriverOptions
from device.sources.serial import SerialSensor
from device.timing import now
from tests.device.sources.test_sensor import RATE_HZ, collect, simulated


@pytest.mark.parametrize(
    ("key", "counted"),
    [("grove", True), ("grove", False), ("bitalino", False), ("rtcan", False), ("shimmer", False)],
)
def test_an_hour_of_sleep_is_a_gap(
    key: str, counted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = [0.0]
    monkeypatch.setattr(now, "_slept", lambda: slept[0])
    options = DriverOptions(rate_hz=RATE_HZ[key] if counted or key != "grove" else None)
    with simulated(key, tmp_path / "port"):
        sensor = SerialSensor(str(tmp_path / "port"), key, options=options)
        sensor.open()
        before = collect(sensor, 3.5)
        slept[0] = 3600.0
        after = collect(sensor, 3.5)
        sensor.close()
    time_s = np.concatenate([before.time_s, after.time_s])
    steps_s = np.diff(time_s)
    assert (steps_s > 0).all()
    gap = int(steps_s.argmax())
    assert 3599 < steps_s[gap] < 3602
    assert np.delete(steps_s, gap).max() < 1.0
    assert 0 < gap < time_s.size - 10
