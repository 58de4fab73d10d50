"""Events as JSON, the same in every output. The fields are described in docs/jsonl.md."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from device.text import joined
from device.timing.sample_clock import ClockReading, iso
from runtime.inference.decision import expires_s
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Label, Marker, Session, SinkHealth, Status, Step, Summary
from runtime.sinks.words import guess, words

SCHEMA = 1


def to_json(value: Any) -> str:
    """Return a value as one line of strict JSON (RFC 8259), which always encodes as UTF-8.

    Numbers are written so that reading them gives the same bits. What JSON has no word for becomes
    null (NaN and infinities) or U+FFFD (halves of surrogate pairs).

    Parameters
    ----------
    value : object
        Mappings, sequences, strings, numbers, booleans and None; numpy arrays and scalars, paths
        and data classes too.

    Raises
    ------
    TypeError
        If there is anything else in it.
    """
    try:
        text = _ENCODER.encode(value)
    except ValueError:
        text = _ENCODER.encode(_finite(value))
    try:
        text.encode()
    except UnicodeEncodeError:
        return joined(text)
    return text


def start_fields(session: Session) -> dict[str, Any]:
    """Return what holds for the whole run."""
    contract = session.contract
    return {
        "schema": SCHEMA,
        "sensor": session.sensor.name,
        "port": session.sensor.port,
        "rate_hz": session.sensor.rate_hz,
        "speed": session.sensor.speed,
        "model": session.model,
        "model_sha256": session.model_sha256,
        "trained_on": session.trained_on,
        "context_s": contract.context_s,
        "window_s": contract.window_s,
        "hop_s": contract.hop_s,
        "reference_s": contract.reference_s,
        "reference_left_s": session.reference_left_s,
        "profile": session.profile if session.profile_named and session.profile else None,
        "expires_s": expires_s(contract),
        "targets": {target.name: list(target.classes) for target in contract.targets},
        "words": {t.name: list(words(t)) for t in contract.targets if t.words},
        "guess": {t.name: guess(t) for t in contract.targets if t.guess},
        "decision": dataclasses.asdict(session.settings),
        "bounds": {
            target.name: list(session.settings.bounds(target)) for target in contract.targets
        },
    }


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """Return one prediction."""
    window = prediction.window
    return {
        "window": window.index,
        "time_s": round(window.end_s, 6),
        "utc": iso(prediction.utc_s),
        **{name: _target_fields(prediction, name) for name in prediction.estimates},
        "quality": round(prediction.quality, 4),
        "gap_share": round(window.gap_share, 4),
        "reasons": list(window.reasons),
        "reference_left_s": round(window.reference_left_s, 3),
        "baseline_left_s": prediction.baseline_left_s,
        "level_change_us": _rounded(prediction.level_change_us),
        "scr_per_min": prediction.scr_per_min,
        "compute_ms": round(prediction.compute_ms, 3),
        "latency_ms": round(prediction.latency_ms, 3),
    }


def status_fields(status: Status) -> dict[str, Any]:
    """Return news."""
    return {"kind": status.kind, "text": status.text}


def clock_fields(reading: ClockReading) -> dict[str, Any]:
    """Return how the samples' time stands to the wall clock."""
    return {
        "time_s": round(reading.time_s, 6),
        "utc": iso(reading.utc_s),
        "time_zero_utc": reading.utc_text(0.0),
        "uncertainty_s": round(reading.uncertainty_s, 4),
        "pace": round(reading.pace, 7),
        "rate_hz": _rounded(reading.rate_hz),
        "slept_s": round(reading.slept_s, 3),
    }


def marker_fields(marker: Marker) -> dict[str, Any]:
    """Return a marker."""
    return {"time_s": round(marker.time_s, 6), "text": marker.text}


def label_fields(label: Label) -> dict[str, Any]:
    """Return what a person said of how they feel."""
    return {
        "time_s": round(label.time_s, 6),
        "target": label.target,
        "value": label.value,
        "text": label.text,
        "source": label.source,
    }


def scr_fields(response: Response) -> dict[str, Any]:
    """Return a skin conductance response."""
    return {
        "onset_s": round(response.onset_s, 6),
        "peak_s": round(response.peak_s, 6),
        "utc": iso(response.utc_s),
        "amplitude_us": round(response.amplitude_us, 6),
        "rise_time_s": round(response.rise_s, 6),
        "half_recovery_time_s": round(response.half_recovery_s, 6),
        "driver_area_us_s": round(response.area_us_s, 6),
        "quality": round(response.quality, 4),
    }


def step_fields(step: Step) -> dict[str, Any]:
    """Return a step of a guided session."""
    return {**dataclasses.asdict(step), "time_s": round(step.time_s, 6)}


def health_fields(health: SinkHealth) -> dict[str, Any]:
    """Return how a sink is doing."""
    return {"name": health.name, "missed": health.missed, "trouble": health.trouble}


def summary_fields(summary: Summary) -> dict[str, Any]:
    """Return what a run gave."""
    return dataclasses.asdict(summary)


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
    adapted = prediction.adapted.get(name)
    if adapted is not None:
        fields["adapted"] = {
            "probability_high": _rounded(adapted.probability_high),
            "state": adapted.state,
            "smoothed": _rounded(adapted.smoothed),
            "difference": _rounded(adapted.difference),
            "labels": adapted.labels,
            "since": iso(adapted.since_utc_s),
        }
    return fields


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _plain(value: Any) -> Any:
    """Return what `json` does not know as something that it knows."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _finite(value: Any) -> Any:
    """Return a copy in which every number is finite or None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if value is None or isinstance(value, (str, int)):
        return value
    return _finite(_plain(value))


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
)
