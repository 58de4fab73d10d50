import time

import numpy as np
import pytest

from device.errors import ArgumentError
from device.sensor import OpenSensor, Sensor
from device.sources.demo import DemoSensor


def test_it_is_a_sensor_at_its_speed_and_loses_nothing() -> None:
    sensor = DemoSensor(speed=50.0)
    assert isinstance(sensor, Sensor)
    with OpenSensor(sensor):
        began_s = time.monotonic()
        parts = []
        while time.monotonic() - began_s < 1.0:
            parts.append(sensor.read(0.1))
    time_s = np.concatenate([part.time_s for part in parts])
    np.testing.assert_allclose(time_s, np.arange(time_s.size) / 19.0, atol=1e-9)
    assert time_s[-1] > 20.0
    assert sensor.counters.samples == time_s.size
    assert "simulated" in sensor.describe().name


def test_the_same_seed_is_the_same_person_and_opening_begins_anew() -> None:
    def first(sensor: DemoSensor) -> np.ndarray:
        sensor.open()
        values = np.empty(0)
        while values.size < 20:
            values = np.append(values, sensor.read(0.2).eda_us)
        return values[:20]

    one, other = DemoSensor(speed=100.0, seed=3), DemoSensor(speed=100.0, seed=4)
    np.testing.assert_array_equal(first(one), first(one))
    assert np.abs(first(one) - first(other)).max() > 0.01


def test_a_wrist_is_another_population_and_says_so() -> None:
    from runtime.live.sensors import make_sensor

    wrist, finger = make_sensor("demo:wrist"), make_sensor("demo:")
    assert isinstance(wrist, DemoSensor) and isinstance(finger, DemoSensor)
    assert (wrist.site, finger.site) == ("wrist", "finger")
    assert "wrist" in wrist.describe().name and "wrist" not in finger.describe().name
    with pytest.raises(ArgumentError, match="site is 'ankle'"):
        make_sensor("demo:ankle")
