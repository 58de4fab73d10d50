"""JSON lines: one object a line, for other programs. The schema is described in docs/jsonl.md."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Protocol

from runtime.inference.pipeline import Prediction
from runtime.sinks.events import Marker, Session, Status, Summary
from runtime.sinks.sink import Sink

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
        self._write("start", start_fields(session))

    def prediction(self, prediction: Prediction) -> None:
        """Write one prediction."""
        self._write("prediction", prediction_fields(prediction))

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


def start_fields(session: Session) -> dict[str, Any]:
    """Return what holds for the whole run, as docs/jsonl.md describes it."""
    contract = session.contract
    return {
        "schema": SCHEMA,
        "sensor": session.sensor.name,
        "port": session.sensor.port,
        "rate_hz": session.sensor.rate_hz,
        "model": session.model,
        "model_sha256": session.model_sha256,
        "trained_on": contract.trained_on,
        "context_s": contract.context_s,
        "window_s": contract.window_s,
        "hop_s": contract.hop_s,
        "targets": {target.name: list(target.classes) for target in contract.targets},
        "decision": dataclasses.asdict(session.settings),
    }


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """Return one prediction, as docs/jsonl.md describes it."""
    window = prediction.window
    return {
        "window": window.index,
        "time_s": round(window.end_s, 6),
        **{name: _target_fields(prediction, name) for name in prediction.estimates},
        "quality": round(prediction.quality, 4),
        "gap_share": round(window.gap_share, 4),
        "reasons": list(window.reasons),
        "baseline_left_s": prediction.baseline_left_s,
        "level_change_us": _rounded(prediction.level_change_us),
        "compute_ms": round(prediction.compute_ms, 3),
        "latency_ms": round(prediction.latency_ms, 3),
    }


def _target_fields(prediction: Prediction, name: str) -> dict[str, Any]:
    estimate, decision = prediction.estimates[name], prediction.decisions.get(name)
    fields: dict[str, Any] = {
        "label": estimate.label,
        "probability_high": _rounded(estimate.probability_high),
    }
    if decision is not None:
        fields |= {
            "state": decision.state,
            "smoothed": _rounded(decision.smoothed),
            "change": _rounded(decision.change),
            "trigger": decision.triggered,
        }
    return fields


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
