"""The sink that records: `--record DIR`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from device.samples import Samples
from device.timing.sample_clock import ClockReading, SampleClock
from device.versions import installed
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.recording.finish import finish
from runtime.recording.journal import Journal, numbers
from runtime.recording.layout import Run, new_run
from runtime.sinks.encoding import clock_fields
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.sink import Sink

SCHEMA = 1
_PACKAGES = ("rtcan", "numpy", "scipy", "onnxruntime", "pyserial")


class _LeftForLaterError(Exception):
    """The user would not wait for the files."""


class Recorder(Sink):
    """Record a run.

    Parameters
    ----------
    root : Path
        The folder; made where it is not there. Every run adds to it.
    """

    name = "recording"
    # Making the files tells how far it is; bringing a long run's to a slow disk does not.
    farewell_s = 600.0

    def __init__(self, root: Path) -> None:
        self._root = root
        self._run: Run | None = None
        self._journal: Journal | None = None
        self._newest_s = 0.0
        self._hurried = False
        self._clock: SampleClock | None = None

    def prepare(self) -> None:
        """Make the folder and the journal; see `Journal` for the errors."""
        while self._journal is None:
            self._run = new_run(self._root)
            # Two programs that record into one folder may find the same number free.
            with contextlib.suppress(FileExistsError):
                self._journal = Journal(self._run.journal)

    def release(self) -> None:
        """Take the empty journal away."""
        lock = self._journal.hand_over() if self._journal is not None else None
        if lock is not None:
            lock.remove()

    def start(self, session: Session) -> None:
        """Write down what made the run."""
        self._clock = session.clock
        self._write("header", header(session))

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Record samples as they came."""
        self._newest_s = float(samples.time_s[-1])
        fields: dict[str, Any] = {
            "time_s": samples.time_s.tolist(),
            "eda_us": numbers(samples.eda_us),
        }
        if samples.raw is not None:
            fields["raw"] = numbers(samples.raw)
        self._write("samples", fields)

    def prediction(self, prediction: Prediction) -> None:
        """Record a prediction, to the last bit."""
        self._write("prediction", exact(prediction))

    def status(self, status: Status) -> None:
        """Record news."""
        self._write(
            "status", {"time_s": self._newest_s, "status": status.kind, "text": status.text}
        )

    def clock(self, reading: ClockReading) -> None:
        """Record how the samples' time stands to the wall clock."""
        self._write("clock", exact_clock(reading))

    def marker(self, marker: Marker) -> None:
        """Record a marker."""
        self._write("marker", dataclasses.asdict(marker))

    def label(self, label: Label) -> None:
        """Record what the person said of how they feel."""
        self._write("label", dataclasses.asdict(label))

    def scr(self, response: Response) -> None:
        """Record a skin conductance response, to the last bit."""
        self._write("scr", dataclasses.asdict(response))

    def step(self, step: Step) -> None:
        """Record the beginning of a step of a guided session."""
        self._write("step", {"time_s": step.time_s, "step": step.kind})

    def close(self, summary: Summary) -> None:
        """Finish the files."""
        if self._journal is None or self._run is None:
            return
        if self._journal.empty:
            self.release()
            return
        if self._clock is not None and self._clock.reading is not None:
            self._write("clock", exact_clock(self._clock.reading))  # as known best, at the end
        self._write("end", {"summary": dataclasses.asdict(summary)})
        try:
            finish(self._run, self._journal.hand_over(), self._advance)
        except _LeftForLaterError:
            self.trouble = (
                "its files are not made yet, nothing is lost; finish it with: "
                f"rtcan-record repair {self._root}"
            )

    def hurry(self) -> None:
        """Leave the files to `rtcan-record repair`."""
        self._hurried = True

    def _advance(self, progress: float) -> None:
        if self._hurried:
            raise _LeftForLaterError
        self.progress = progress

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.write(kind, fields)


def header(session: Session) -> dict[str, Any]:
    """Return what made a run: sensor, model, contract, settings, versions, machine."""
    return {
        "schema": SCHEMA,
        "began": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "sensor": dataclasses.asdict(session.sensor),
        "model": session.model,
        "model_sha256": session.model_sha256,
        "contract": json.loads(session.contract.to_json()),
        "decision": dataclasses.asdict(session.settings),
        **({"profile": session.profile} if session.profile_named and session.profile else {}),
        **({} if session.reference is None else {"reference": session.reference}),
        "versions": installed(_PACKAGES),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }


def exact_clock(reading: ClockReading) -> dict[str, Any]:
    """Return a reading as it is recorded: nothing rounded."""
    return {**clock_fields(reading), **dataclasses.asdict(reading)}


def exact(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as it is recorded: nothing rounded."""
    window = prediction.window
    return {
        "window": window.index,
        "start_s": window.start_s,
        "end_s": window.end_s,
        "targets": {
            name: {
                "label": estimate.label,
                "probability_high": estimate.probability_high,
                **(
                    dataclasses.asdict(prediction.decisions[name])
                    if name in prediction.decisions
                    else {}
                ),
            }
            for name, estimate in prediction.estimates.items()
        },
        **(
            {"adapted": {name: dataclasses.asdict(one) for name, one in prediction.adapted.items()}}
            if prediction.adapted
            else {}
        ),
        "quality": prediction.quality,
        "gap_share": window.gap_share,
        "reasons": list(window.reasons),
        "baseline_left_s": prediction.baseline_left_s,
        "level_change_us": prediction.level_change_us,
        "compute_ms": prediction.compute_ms,
        "latency_ms": prediction.latency_ms,
    }
