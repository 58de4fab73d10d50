"""JSON lines: one object a line, for other programs. The schema is described in docs/jsonl.md."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Protocol

from runtime.pipeline import Prediction
from runtime.reader import Status
from runtime.sinks.sink import Marker, Session, Sink, Summary

SCHEMA = 1


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
        contract = session.contract
        self._write(
            "start",
            {
                "schema": SCHEMA,
                "sensor": session.sensor.name,
                "port": session.sensor.port,
                "model": session.model,
                "trained_on": contract.trained_on,
                "context_s": contract.context_s,
                "window_s": contract.window_s,
                "hop_s": contract.hop_s,
            },
        )

    def prediction(self, prediction: Prediction) -> None:
        """Write one prediction."""
        window = prediction.window
        self._write(
            "prediction",
            {
                "window": window.index,
                "time_s": round(window.end_s, 6),
                **{
                    name: {"label": item.label, "probability_high": _rounded(item.probability_high)}
                    for name, item in prediction.estimates.items()
                },
                "gap_share": round(window.gap_share, 4),
                "reasons": list(window.reasons),
                "compute_ms": round(prediction.compute_ms, 3),
                "latency_ms": round(prediction.latency_ms, 3),
            },
        )

    def status(self, status: Status) -> None:
        """Write news of the sensor."""
        self._write("status", {"kind": status.kind, "text": status.text})

    def marker(self, marker: Marker) -> None:
        """Write a marker."""
        self._write("marker", {"time_s": round(marker.time_s, 6), "text": marker.text})

    def close(self, summary: Summary) -> None:
        """Write the summary."""
        self._write("summary", dataclasses.asdict(summary))

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        self._stream.write(json.dumps({"type": kind, **fields}, ensure_ascii=False) + "\n")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
