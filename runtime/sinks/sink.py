"""The interface of every sink."""

from __future__ import annotations

from device.quantiles import quantile
from device.samples import Samples
from device.timing.sample_clock import ClockReading
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.events import SinkHealth as SinkHealth  # where it once was


class Sink:
    """Something that predictions are handed to; a sink overrides what it wants to know.

    `prepare`, `release` and `hurry` are called by who makes the run. All others are called from one
    thread, the sink's own (`runtime.sinks.isolated`), and may take their time: `start` first,
    `close` last, also of a sink that failed. A method that raises an OSError or an RtcanError ends
    its sink, and only that; any other error costs the event alone.

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
    progress : float or None
        While it finishes: which share of that is done, 0 to 1, where it is known.
    stays : bool
        Whether it goes on showing the end of a run after `close`, until `release`.
    note : str or None
        What the user should read before the run, such as an address.
    audience : bool
        Whether a run goes on for its sake: a run whose last audience has gone ends.
    """

    name = "sink"
    farewell_s = 5.0
    progress: float | None = None
    note: str | None = None
    stays = False
    audience = True
    missed = 0
    trouble: str | None = None

    def prepare(self) -> None:
        """Claim what is needed, such as a port or a file; an RtcanError ends the run."""

    def release(self) -> None:
        """Let go of what was claimed: there will be no run, or its end has been shown enough."""

    def start(self, session: Session) -> None:
        """Begin."""

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Take new samples; `fill_s` seconds of signal wait for the next window."""

    def prediction(self, prediction: Prediction) -> None:
        """Take a prediction."""

    def status(self, status: Status) -> None:
        """Take news of the sensor."""

    def clock(self, reading: ClockReading) -> None:
        """Take how the samples' time stands to the wall clock: when first known, and if changed."""

    def marker(self, marker: Marker) -> None:
        """Take a marker."""

    def label(self, label: Label) -> None:
        """Take what the person said of how they feel."""

    def scr(self, response: Response) -> None:
        """Take a skin conductance response; it comes 10 to 15 s after its peak, and once."""

    def step(self, step: Step) -> None:
        """Take a step of a guided session."""

    def tick(self) -> None:
        """Do what is due when nothing happened for a quarter of a second."""

    def close(self, summary: Summary) -> None:
        """End; a sink that `stays` goes on showing what it has."""

    def hurry(self) -> None:
        """Leave what can be done later: nobody waits any more. May be called from any thread."""


def percentiles(values: list[float]) -> tuple[float, float] | None:
    """Return median and 99th percentile, or None of nothing."""
    if not values:
        return None
    return quantile(values, 0.5), quantile(values, 0.99)
