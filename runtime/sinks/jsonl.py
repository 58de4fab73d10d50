"""JSON lines: one object a line, for other programs. The schema is described in docs/jsonl.md."""

from __future__ import annotations

import os
from typing import Any, Protocol

from device.timing.sample_clock import ClockReading
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.encoding import (
    clock_fields,
    label_fields,
    marker_fields,
    prediction_fields,
    scr_fields,
    start_fields,
    status_fields,
    step_fields,
    summary_fields,
    to_json,
)
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.sink import Sink


class Writable(Protocol):
    """What lines can be written to."""

    def write(self, text: str, /) -> Any:
        """Write all of it."""


class Descriptor:
    """A file descriptor as something to write to, without a buffer.

    A thread that hangs in a write (nobody reads the pipe) then holds no lock that the interpreter
    would wait for at its end.

    Parameters
    ----------
    number : int
        1 for standard output.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, text: str) -> None:
        """Write all of it as UTF-8."""
        data = text.encode()
        while data:
            data = data[os.write(self._number, data) :]


class JsonLines(Sink):
    """Write every event as a line of JSON, at once.

    Parameters
    ----------
    stream : Writable
        Where to, one call a line.
    """

    name = "jsonl"

    def __init__(self, stream: Writable) -> None:
        self._stream = stream

    def start(self, session: Session) -> None:
        """Write what holds for the whole run."""
        self._write("start", start_fields(session))

    def prediction(self, prediction: Prediction) -> None:
        """Write one prediction."""
        self._write("prediction", prediction_fields(prediction))

    def status(self, status: Status) -> None:
        """Write news of the sensor."""
        self._write("status", status_fields(status))

    def clock(self, reading: ClockReading) -> None:
        """Write how the samples' time stands to the wall clock."""
        self._write("clock", clock_fields(reading))

    def marker(self, marker: Marker) -> None:
        """Write a marker."""
        self._write("marker", marker_fields(marker))

    def label(self, label: Label) -> None:
        """Write what the person said of how they feel."""
        self._write("label", label_fields(label))

    def scr(self, response: Response) -> None:
        """Write a skin conductance response."""
        self._write("scr", scr_fields(response))

    def step(self, step: Step) -> None:
        """Write a step of a guided session."""
        self._write("step", step_fields(step))

    def close(self, summary: Summary) -> None:
        """Write the summary."""
        self._write("summary", summary_fields(summary))

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        self._stream.write(to_json({"type": kind, **fields}) + "\n")
