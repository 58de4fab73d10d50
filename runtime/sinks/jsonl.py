"""JSON lines: one object a line, for other programs. The schema is described in docs/jsonl.md."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TextIO

from device.samples import Samples
from runtime.pipeline import Prediction
from runtime.reader import Status
from runtime.sinks.sink import Session, Summary

SCHEMA = 1


class JsonLines:
    """Write every event as a line of JSON, at once.

    Parameters
    ----------
    stream : text file
        Where to; flushed after every line.
    """

    def __init__(self, stream: TextIO) -> None:
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

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Nothing: samples are not written."""

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

    def close(self, summary: Summary) -> None:
        """Write the summary."""
        self._write("summary", dataclasses.asdict(summary))

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        self._stream.write(json.dumps({"type": kind, **fields}, ensure_ascii=False) + "\n")
        self._stream.flush()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
