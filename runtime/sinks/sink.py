"""The interface of every sink, and what is told to all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo
from runtime.contract import Contract
from runtime.pipeline import Prediction
from runtime.reader import Status


@dataclass(frozen=True)
class Session:
    """What holds for a whole run.

    Attributes
    ----------
    sensor : SensorInfo
        As it was when the run began.
    model : str
        Name of the model file.
    contract : Contract
        The model's.
    """

    sensor: SensorInfo
    model: str
    contract: Contract


@dataclass(frozen=True)
class Summary:
    """What a run gave.

    Attributes
    ----------
    seconds : float
        How long it ran.
    counters : SensorCounters
        Samples read, missing, lost on the wire; reconnections.
    overrun : int
        Samples dropped because the computer was too slow.
    windows, withheld : int
        Windows judged, and those of them without an answer.
    latency_ms, compute_ms : (float, float) or None
        Median and 99th percentile; None without any window.
    """

    seconds: float
    counters: SensorCounters
    overrun: int
    windows: int
    withheld: int
    latency_ms: tuple[float, float] | None
    compute_ms: tuple[float, float] | None


class Sink(Protocol):
    """Something that predictions are handed to."""

    def start(self, session: Session) -> None:
        """Begin."""

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Take new samples; `fill_s` seconds of signal wait for the next window."""

    def prediction(self, prediction: Prediction) -> None:
        """Take a prediction."""

    def status(self, status: Status) -> None:
        """Take news of the sensor."""

    def close(self, summary: Summary) -> None:
        """End."""


def percentiles(values: list[float]) -> tuple[float, float] | None:
    """Return median and 99th percentile, or None of nothing."""
    if not values:
        return None
    median, p99 = np.percentile(values, [50, 99])
    return float(median), float(p99)
