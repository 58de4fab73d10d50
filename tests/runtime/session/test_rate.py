"""A sensor that names no rate is judged by the rate that is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.errors import ContractError
from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sources.replay import ReplaySensor
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.session.loop import run
from runtime.session.pace import MeasuredRate
from runtime.sinks.events import Status
from runtime.sinks.sink import Sink


class News(Sink):
    name = "news"

    def __init__(self) -> None:
        self.told: list[Status] = []

    def status(self, status: Status) -> None:
        self.told.append(status)


def play(path: Path, rate_hz: float) -> list[str]:
    time_s = np.arange(round(60 * rate_hz)) / rate_hz
    samples = Samples(time_s, 5 + np.sin(time_s))
    sensor = ReplaySensor(Source(path, "a Grove", None, lambda: in_blocks(samples, 3)), None)
    news = News()
    run(sensor, Pipeline(Classifier(path)), [news], lossless=True)
    return [status.text for status in news.told if status.kind == "rate"]


def test_a_sensor_far_too_slow_ends_the_run(tiny_model: Path) -> None:
    with pytest.raises(ContractError, match=r"a Grove gives 0\.5 samples a second"):
        play(tiny_model, 0.5)


def test_a_sensor_below_the_grid_is_told_once(tiny_model: Path) -> None:
    assert len(play(tiny_model, 4.0)) == 1
    assert play(tiny_model, 4.0)[0].startswith("the sensor's 4 Hz are below the model's 8 Hz")
    assert play(tiny_model, 19.0) == []


def test_one_hertz_by_a_clock_that_is_slightly_slow_is_taken(tiny_model: Path) -> None:
    assert len(play(tiny_model, 1 / 1.00005)) == 1


@pytest.mark.parametrize("length", [1, 2, 7, 1000])
def test_the_measure_does_not_depend_on_the_cutting_and_stands_gaps(length: int) -> None:
    time_s = np.arange(400) / 20.0
    time_s[50:] += 300.0
    measured = MeasuredRate()
    found = [measured.push(time_s[k : k + length]) for k in range(0, 400, length)]
    assert next(rate for rate in found if rate is not None) == pytest.approx(20.0)
