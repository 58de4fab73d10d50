"""The interface of every sink, and what is told to all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from device.samples import Samples
from device.sensor import SensorCounters, SensorInfo
from runtime.contract import Contract
from runtime.decision import DecisionSettings
from runtime.pipeline import Prediction
from runtime.reader import Status


@dataclass(frozen=True)
class SinkHealth:
    """How a sink is doing.

    Attributes
    ----------
    name : str
        "jsonl", "mqtt", "recording" and so on.
    missed : int
        Events (groups of samples, predictions, markers, news) that did not get through.
    trouble : str or None
        What is wrong with it now, in plain words; None when nothing is.
    """

    name: str
    missed: int = 0
    trouble: str | None = None


@dataclass(frozen=True)
class Marker:
    """Something that a person wanted to have noted.

    Attributes
    ----------
    time_s : float
        When, in the samples' time.
    text : str
        What.
    """

    time_s: float
    text: str


def _no_sinks() -> tuple[SinkHealth, ...]:
    return ()


def _no_markers(text: str) -> None:
    """Take a marker when nobody listens."""


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
    model_sha256 : str
        Of the model file; "" where it is not known.
    settings : DecisionSettings
        How decisions are made.
    health : callable
        Returns the state of all sinks; to be asked from any thread.
    mark : callable
        Takes the text of a marker, which then reaches all sinks; to be called from any thread.
    """

    sensor: SensorInfo
    model: str
    contract: Contract
    model_sha256: str = ""
    settings: DecisionSettings = field(default_factory=DecisionSettings)
    health: Callable[[], tuple[SinkHealth, ...]] = _no_sinks
    mark: Callable[[str], None] = _no_markers


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
        Median and 99th percentile of the last hour or so; None without any window.
    sinks : tuple of SinkHealth
        What every sink missed, and what was wrong with it at the end.
    """

    seconds: float
    counters: SensorCounters
    overrun: int
    windows: int
    withheld: int
    latency_ms: tuple[float, float] | None
    compute_ms: tuple[float, float] | None
    sinks: tuple[SinkHealth, ...] = ()


class Sink:
    """Something that predictions are handed to; a sink overrides what it wants to know.

    `prepare` and `release` are called by who makes the run. All others are called from one thread,
    the sink's own (`runtime.sinks.isolated`), and may take their time. A method that raises ends
    its sink, and only that.

    Attributes
    ----------
    name : str
        Short, for people.
    farewell_s : float
        How long it may take to finish when the run is over.
    missed : int
        Events that the sink itself had to give up.
    trouble : str or None
        What is wrong now, in plain words, where the sink goes on trying.
    note : str or None
        What the user should read before the run, such as an address.
    """

    name = "sink"
    farewell_s = 5.0
    note: str | None = None
    missed = 0
    trouble: str | None = None

    def prepare(self) -> None:
        """Claim what is needed, such as a port or a file; an RtcanError ends the run."""

    def release(self) -> None:
        """Let go of what was claimed: there will be no run."""

    def start(self, session: Session) -> None:
        """Begin."""

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Take new samples; `fill_s` seconds of signal wait for the next window."""

    def prediction(self, prediction: Prediction) -> None:
        """Take a prediction."""

    def status(self, status: Status) -> None:
        """Take news of the sensor."""

    def marker(self, marker: Marker) -> None:
        """Take a marker."""

    def tick(self) -> None:
        """Do what is due when nothing happened for a quarter of a second."""

    def close(self, summary: Summary) -> None:
        """End."""


def percentiles(values: list[float]) -> tuple[float, float] | None:
    """Return median and 99th percentile, or None of nothing."""
    if not values:
        return None
    median, p99 = np.percentile(values, [50, 99])
    return float(median), float(p99)
