"""Lab Streaming Layer: predictions and skin conductance as outlets. `--lsl`.

    RTCAN-EDA           type EDA, one channel in microsiemens, every sample with its own time
    RTCAN-predictions   type Emotion, per target the probability of high and its smoothed course,
                        then per target the state: 0 low, 1 high, 0.5 undecided; NaN where the
                        signal allows no answer
    RTCAN-SCR           type SCR, every skin conductance response, with the time of its onset:
                        amplitude, rise time, half-recovery time, area of the driver, quality
    RTCAN-markers       type Markers: what a person marked, and news of the sensor

Times are those of the samples on LSL's clock, by `device.timing.sample_clock`. What is to be added
to them for the wall clock (Unix time) stands in every outlet's description: clock/utc_minus_lsl_s.
"""

from __future__ import annotations

import importlib.util
import math
import time
from typing import Any

import numpy as np

from device.errors import MissingExtraError
from device.lsl_library import liblsl
from device.samples import FloatArray, Samples
from device.timing.now import now_s
from runtime.inference.decision import UNDECIDED
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.sink import Sink
from runtime.sinks.words import guess, words

# Of a response: the attribute, the channel, its unit.
_SCR = (
    ("amplitude_us", "amplitude", "microsiemens"),
    ("rise_s", "rise_time", "seconds"),
    ("half_recovery_s", "half_recovery_time", "seconds"),
    ("area_us_s", "driver_area", "microsiemens seconds"),
    ("quality", "quality", "share"),
)


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
        self._session: Session | None = None
        self._fixed_s: float | None = None
        self._stamped_s = -math.inf
        self._targets: list[str] = []
        self._eda: Any = None
        self._predictions: Any = None
        self._scr: Any = None
        self._markers: Any = None

    def start(self, session: Session) -> None:
        """Open the outlets."""
        pylsl = liblsl()

        self._clock = pylsl.local_clock
        self._session = session
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
        # Stamps are the samples' own times, gaps included: no reader is to count instead.
        sync = eda.desc().append_child("synchronization")
        sync.append_child_value("can_drop_samples", "true")
        _tell_clock(eda, self._clock())
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
        targets = info.desc().append_child("targets")
        for target in session.contract.targets:
            told = targets.append_child(target.name)
            for name, word in zip(("low", "high"), words(target), strict=False):
                told.append_child_value(name, word)
            told.append_child_value("guess", guess(target))
        _tell_clock(info, self._clock())
        self._predictions = pylsl.StreamOutlet(info)
        scr = pylsl.StreamInfo(
            "RTCAN-SCR", "SCR", len(_SCR), pylsl.IRREGULAR_RATE, pylsl.cf_double64, source + "-scr"
        )
        _describe(scr, [(label, unit, "SCR") for _, label, unit in _SCR])
        _tell_clock(scr, self._clock())
        self._scr = pylsl.StreamOutlet(scr)
        markers = pylsl.StreamInfo(
            "RTCAN-markers", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, source + "-marks"
        )
        _tell_clock(markers, self._clock())
        self._markers = pylsl.StreamOutlet(markers)

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Send samples."""
        offset_s, pace = self._line(samples.time_s)
        for time_s, eda_us in zip(samples.time_s.tolist(), samples.eda_us.tolist(), strict=True):
            # What is known of the clocks gets better: time never goes back for that.
            self._stamped_s = max(offset_s + pace * time_s, self._stamped_s)
            self._eda.push_sample([eda_us], self._stamped_s)

    def prediction(self, prediction: Prediction) -> None:
        """Send a prediction, with the time of its window's end."""
        values = []
        for target in self._targets:
            decision = prediction.decisions.get(target)
            values.append(_value(prediction.estimates[target].probability_high))
            values.append(_value(decision.smoothed if decision else None))
        values += [self._state(prediction, target) for target in self._targets]
        self._predictions.push_sample(values, self._stamp(prediction.window.end_s))

    def _state(self, prediction: Prediction, target: str) -> float:
        decision = prediction.decisions.get(target)
        return self._states[target].get(decision.state, math.nan) if decision else math.nan

    def status(self, status: Status) -> None:
        """Send news as a marker."""
        self._markers.push_sample([f"{status.kind}: {status.text}"])

    def marker(self, marker: Marker) -> None:
        """Send a marker."""
        self._markers.push_sample([marker.text], self._stamp(marker.time_s))

    def label(self, label: Label) -> None:
        """Send what the person said as a marker."""
        self._markers.push_sample([f"label: {label.text}"], self._stamp(label.time_s))

    def scr(self, response: Response) -> None:
        """Send a skin conductance response, with the time of its onset."""
        values = (getattr(response, name) for name, _, _ in _SCR)
        self._scr.push_sample(list(values), self._stamp(response.onset_s))

    def step(self, step: Step) -> None:
        """Send the beginning of a step as a marker."""
        self._markers.push_sample([f"enrolment: {step.kind}"], self._stamp(step.time_s))

    def _stamp(self, time_s: float) -> float:
        offset_s, pace = self._line(np.array([time_s]))
        return offset_s + pace * time_s

    def _line(self, time_s: FloatArray) -> tuple[float, float]:
        """Return offset and pace that bring the samples' time to LSL's clock."""
        assert self._session is not None
        reading = self._session.clock.reading
        if reading is not None and self._session.sensor.speed is not None:
            return self._clock() - now_s() + reading.host(0.0), reading.pace
        # Played as fast as it is taken: only the samples' own time means anything.
        if self._fixed_s is None:
            self._fixed_s = self._clock() - float(time_s[-1])
        return self._fixed_s, 1.0

    def close(self, summary: Summary) -> None:
        """Close the outlets."""
        self._eda = self._predictions = self._scr = self._markers = None


def _tell_clock(info: Any, lsl_s: float) -> None:
    clock = info.desc().append_child("clock")
    clock.append_child_value("utc_minus_lsl_s", f"{time.time() - lsl_s:.6f}")


def _describe(info: Any, channels: list[tuple[str, str, str]]) -> None:
    listed = info.desc().append_child("channels")
    for label, unit, kind in channels:
        channel = listed.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        channel.append_child_value("type", kind)


def _value(value: float | None) -> float:
    return math.nan if value is None else value
