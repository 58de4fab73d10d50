"""Lab Streaming Layer: predictions and skin conductance as outlets. `--lsl`.

    RTCAN-EDA           type EDA, one channel in microsiemens, every sample with its own time
    RTCAN-predictions   type Emotion, per target the probability of high and its smoothed course,
                        then per target the state: 0 low, 1 high, 0.5 undecided; NaN where the
                        signal allows no answer
    RTCAN-markers       type Markers: what a person marked, and news of the sensor

Times are those of the samples, brought to LSL's clock by the promptest arrivals.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

from device.errors import MissingExtraError
from device.samples import Samples
from runtime.inference.decision import UNDECIDED
from runtime.inference.pipeline import Prediction
from runtime.sinks.events import Marker, Session, Status, Summary
from runtime.sinks.sink import Sink

# How fast the offset between the clocks may grow again, as the sensor's clock may be slower.
_DRIFT = 2e-4


class LslSink(Sink):
    """Offer the streams.

    Raises
    ------
    MissingExtraError
        If pylsl is not installed.
    """

    name = "lsl"

    def __init__(self) -> None:
        if importlib.util.find_spec("pylsl") is None:
            raise MissingExtraError("pylsl", "lsl", "Streaming with --lsl")
        self._offset_s: float | None = None
        self._offset_at_s = 0.0
        self._targets: list[str] = []
        self._eda: Any = None
        self._predictions: Any = None
        self._markers: Any = None

    def start(self, session: Session) -> None:
        """Open the outlets."""
        import pylsl

        self._clock = pylsl.local_clock
        self._targets = [target.name for target in session.contract.targets]
        self._states = {
            target.name: {target.classes[0]: 0.0, UNDECIDED: 0.5, target.classes[1]: 1.0}
            for target in session.contract.targets
        }
        source = f"rtcan-{session.sensor.port}"
        rate_hz = session.sensor.rate_hz or pylsl.IRREGULAR_RATE
        eda = pylsl.StreamInfo("RTCAN-EDA", "EDA", 1, rate_hz, pylsl.cf_double64, source + "-eda")
        _describe(eda, [("EDA", "microsiemens", "EDA")])
        eda.desc().append_child_value("manufacturer", session.sensor.name)
        self._eda = pylsl.StreamOutlet(eda)
        channels = [
            (f"{target}_{kind}", "probability", "Emotion")
            for target in self._targets
            for kind in ("high", "high_smoothed")
        ]
        channels += [(f"{target}_state", "state", "Emotion") for target in self._targets]
        info = pylsl.StreamInfo(
            "RTCAN-predictions",
            "Emotion",
            len(channels),
            1.0 / session.contract.hop_s,
            pylsl.cf_float32,
            source + "-predictions",
        )
        _describe(info, channels)
        info.desc().append_child_value("model", session.model)
        info.desc().append_child_value("trained_on", session.trained_on)
        self._predictions = pylsl.StreamOutlet(info)
        markers = pylsl.StreamInfo(
            "RTCAN-markers", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, source + "-marks"
        )
        self._markers = pylsl.StreamOutlet(markers)

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Send samples."""
        newest_s = float(samples.time_s[-1])
        offset_s = self._clock() - newest_s
        if self._offset_s is not None:
            grown_s = self._offset_s + _DRIFT * (newest_s - self._offset_at_s)
            offset_s = min(offset_s, grown_s)
        self._offset_s, self._offset_at_s = offset_s, newest_s
        for time_s, eda_us in zip(samples.time_s.tolist(), samples.eda_us.tolist(), strict=True):
            self._eda.push_sample([eda_us], time_s + offset_s)

    def prediction(self, prediction: Prediction) -> None:
        """Send a prediction, with the time of its window's end."""
        if self._offset_s is None:
            return
        values = []
        for target in self._targets:
            decision = prediction.decisions.get(target)
            values.append(_value(prediction.estimates[target].probability_high))
            values.append(_value(decision.smoothed if decision else None))
        values += [self._state(prediction, target) for target in self._targets]
        self._predictions.push_sample(values, prediction.window.end_s + self._offset_s)

    def _state(self, prediction: Prediction, target: str) -> float:
        decision = prediction.decisions.get(target)
        return self._states[target].get(decision.state, math.nan) if decision else math.nan

    def status(self, status: Status) -> None:
        """Send news as a marker."""
        self._markers.push_sample([f"{status.kind}: {status.text}"])

    def marker(self, marker: Marker) -> None:
        """Send a marker."""
        self._markers.push_sample([marker.text], marker.time_s + (self._offset_s or 0.0))

    def close(self, summary: Summary) -> None:
        """Close the outlets."""
        self._eda = self._predictions = self._markers = None


def _describe(info: Any, channels: list[tuple[str, str, str]]) -> None:
    listed = info.desc().append_child("channels")
    for label, unit, kind in channels:
        channel = listed.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        channel.append_child_value("type", kind)


def _value(value: float | None) -> float:
    return math.nan if value is None else value
