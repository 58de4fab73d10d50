"""What stands beside a recording's tables: columns, sensor, clock, and what made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runtime.recording.journal import Torn


@dataclass
class Found:
    """What was seen on the way through a journal: first and last time, clock, number of samples."""

    first_s: float | None = None
    raw: bool = False
    clock: dict[str, Any] | None = None
    last_s: float = 0.0
    samples: int = 0


def _made_by(header: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in header.items() if key != "kind"}


def _rate_hz(header: dict[str, Any], found: Found) -> float:
    """Return the nominal rate, else the measured one, else that of all samples there are."""
    rate_hz = header["sensor"]["rate_hz"] or (found.clock or {}).get("rate_hz")
    lasted_s = found.last_s - (found.first_s or 0.0)
    if rate_hz is None and lasted_s > 0:
        rate_hz = (found.samples - 1) / lasted_s
    return float(rate_hz or 0)


def physio_description(header: dict[str, Any], found: Found, torn: Torn) -> dict[str, Any]:
    """Return what the samples are, and what made them."""
    raw, clock = found.raw, found.clock or {}
    description = {
        # BIDS wants a number; the column `time` is what holds.
        "SamplingFrequency": _rate_hz(header, found),
        **TASK,
        "PhysioType": "generic",
        "StartTime": found.first_s or 0.0,
        "TimeZeroUTC": clock.get("time_zero_utc") or "n/a",
        "TimeZeroUncertainty": clock.get("uncertainty_s", "n/a"),
        "Columns": ["time", "eda", *(["raw"] if raw else [])],
        "time": {"Description": "seconds since the sensor's first sample", "Units": "s"},
        "eda": {
            "Description": "skin conductance; n/a where the sensor gave no valid value",
            "Units": "uS",
        },
    }
    if raw:
        description["raw"] = {"Description": "the converter's count", "Units": "arbitrary"}
    description |= {
        "SoftwareVersions": f"rtcan {header.get('versions', {}).get('rtcan', 'n/a')}",
        "DeviceName": header["sensor"]["name"],
        "TornBytes": torn.bytes,
        "RTCAN": {**_made_by(header), "clock": found.clock},
    }
    return description


TASK = {
    "TaskName": "live",
    "TaskDescription": "Skin conductance of a person whose arousal and valence are estimated live.",
    "Instructions": "None: whatever the person was doing.",
}
EVENTS_DESCRIPTION = {
    **TASK,
    "onset": {"Description": "in the time of the samples", "Units": "s"},
    "duration": {"Description": "0; of an scr, from onset to half recovery", "Units": "s"},
    "trial_type": {
        "Description": "kind of the event",
        "Levels": {
            "marker": "a person pressed a key; value is the text",
            "label": "a person said how they felt; value is the target, and 1 (lowest) to 5",
            "scr": "a skin conductance response; value is its amplitude in microsiemens",
            "trigger": "the smoothed probability reached the trigger level; value is the target",
            "disconnected": "the sensor went away",
            "reconnected": "the sensor came back",
            "silent": "the sensor sends nothing",
            "electrodes": "the sensor is read, but gives no value",
            "rate": "the sensor is slower than the model's grid, or than its named rate",
            "suspended": "the computer slept",
            "sink": "news of an output",
            "model": "the model was chosen by the program",
            "enrolment": "a step of the guided first session began; value is which",
            "hint": "what was said to the person of a label",
            "question": "the person was asked how they feel",
            "profile": "news of what is known of the person",
        },
    },
    "value": {
        "Description": "text of the marker or the news; target of a trigger or label; amplitude of "
        "an scr"
    },
}


def predictions_description(header: dict[str, Any]) -> dict[str, Any]:
    """Return what the predictions' columns are, and what made them."""
    return {
        "window": {"Description": "number of the window, from 0; missing where nothing was read"},
        "start_s": {"Description": "start of what the network saw", "Units": "s"},
        "end_s": {"Description": "its end", "Units": "s"},
        "TARGET_label": {"Description": "class by the contract's threshold; none without answer"},
        "TARGET_probability_high": {"Description": "probability of the second class"},
        "TARGET_state": {"Description": "the decision, after smoothing and hysteresis"},
        "TARGET_smoothed": {"Description": "smoothed probability of the second class"},
        "TARGET_change": {"Description": "smoothed probability against the baseline"},
        "TARGET_triggered": {"Description": "whether the trigger level was reached"},
        "quality": {"Description": "how far the signal can be believed, 0 to 1"},
        "gap_share": {"Description": "share of the window without samples"},
        "baseline_left_s": {"Description": "answers that the baseline still needs", "Units": "s"},
        "level_change_us": {"Description": "tonic level against the baseline", "Units": "uS"},
        "reasons": {"Description": "what is wrong with the signal"},
        "compute_ms": {"Description": "time spent on this window", "Units": "ms"},
        "latency_ms": {"Description": "from the newest sample's arrival", "Units": "ms"},
        "RTCAN": {key: value for key, value in _made_by(header).items() if key != "reference"},
    }
