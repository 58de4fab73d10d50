"""`rtcan.live`: predictions of a sensor as an iterator.

It is the run of `rtcan live` with one more sink, which hands predictions to the caller's thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import warnings
import weakref
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from device.sensor import Sensor, SensorInfo
from runtime.inference.classifier import ModelSource
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline, Prediction
from runtime.live.person import take_up
from runtime.live.sensors import make_sensor, model_for
from runtime.preprocessing.responses import Response
from runtime.session.loop import run
from runtime.sinks.events import Session, Status, Summary
from runtime.sinks.sink import Sink
from runtime.sinks.words import learnt

if TYPE_CHECKING:
    from typing import Self

_LOG = logging.getLogger("rtcan")
# Predictions that wait for the caller; what comes then waits before the sink, and is missed there.
_WAITING = 64
_POLL_S = 0.2


def live(
    port: str | os.PathLike[str],
    sensor: str = "auto",
    *,
    model: ModelSource | None = None,
    music: ArrayLike | None = None,
    settings: DecisionSettings | None = None,
    reconnect: bool = True,
    baud: int | None = None,
    rate_hz: float | None = None,
    calibration: str | None = None,
    column: str | None = None,
    channel: int | str | None = None,
    speed: float | None = 1.0,
) -> Predictions:
    """Read a sensor and return an iterator of its predictions, each with its decisions.

        for prediction in rtcan.live("/dev/ttyUSB0"):
            print(prediction.window.end_s, prediction.decisions["arousal"].state)

    The sensor is read in a thread of its own from now on; `close()`, `with` or dropping the
    iterator ends that. It ends by itself where a recording does. News of the sensor, such as that
    it went away, go to the log "rtcan".

    Parameters
    ----------
    port, sensor, baud, rate_hz, calibration, column, channel, speed
        See `rtcan.open_sensor`.
    model : str, Path, bytes or None
        The exported model. None takes the one that a recording was made with, else save/best.onnx,
        else, with a warning, the package's model.
    music : array-like (features,) or None
        Features of the song that is heard, for a model that was trained with music.
    settings : DecisionSettings or None
        Smoothing, threshold and so on; None for the usual ones.
    reconnect : bool
        Whether to wait for a sensor that goes away; otherwise that raises.

    Raises
    ------
    ArgumentError
        If an argument cannot be used.
    device.errors.RtcanError
        If the port cannot be opened, the model cannot be used, or the sensor is too slow for it.
    """
    source = make_sensor(
        port,
        sensor,
        baud=baud,
        rate_hz=rate_hz,
        calibration=calibration,
        column=column,
        channel=channel,
        speed=speed,
    )
    note = None
    if model is None:
        model, note = model_for(source)
    pipeline = Pipeline(model, music)
    if note is not None:
        warnings.warn(f"{note}. {learnt(pipeline.contract)}", stacklevel=2)
    take_up(source, pipeline)
    return Predictions(source, pipeline, Decider(pipeline, settings), reconnect=reconnect)


@dataclass(frozen=True)
class _End:
    """The end of a run, and what ended it."""

    error: BaseException | None
    summary: Summary | None


class _Stream(Sink):
    """Hands predictions to the caller's thread."""

    name = "iterator"
    farewell_s = 1e6  # the caller may take its time; who is gone has set `abandoned`

    def __init__(self) -> None:
        self.items: queue.Queue[Prediction | _End] = queue.Queue(_WAITING)
        self.abandoned = threading.Event()
        self.started = threading.Event()
        self.session: Session | None = None
        self.responses: list[Response] = []

    def start(self, session: Session) -> None:
        self.session = session
        self.started.set()

    def prediction(self, prediction: Prediction) -> None:
        responses, self.responses = self.responses, []
        self.put(replace(prediction, responses=tuple(responses)))

    def scr(self, response: Response) -> None:
        self.responses.append(response)

    def status(self, status: Status) -> None:
        _LOG.warning("%s: %s", status.kind, status.text)

    def put(self, item: Prediction | _End) -> None:
        while not self.abandoned.is_set():
            with contextlib.suppress(queue.Full):
                self.items.put(item, timeout=_POLL_S)
                return

    def get(self) -> Prediction | _End:
        while True:
            # A wait without an end cannot be interrupted on Windows.
            with contextlib.suppress(queue.Empty):
                return self.items.get(timeout=_POLL_S)


class Predictions:
    """Predictions of a sensor as they come; see `rtcan.live`.

    Attributes
    ----------
    sensor : SensorInfo
        What is read.
    model : str
        Name of the model file.
    trained_on : str
        What the model was trained on.
    summary : Summary or None
        What the run gave; None before its end.
    responses : tuple of Response
        The skin conductance responses that were reported after the last prediction; empty before
        the end. All others are in the predictions' `responses`.
    """

    def __init__(
        self, sensor: Sensor, pipeline: Pipeline, decider: Decider, *, reconnect: bool
    ) -> None:
        self.summary: Summary | None = None
        self.responses: tuple[Response, ...] = ()
        self._stream = stream = _Stream()
        self._end: _End | None = None
        stopping = threading.Event()

        def work() -> None:
            try:
                summary = run(
                    sensor,
                    pipeline,
                    [stream],
                    reconnect=reconnect,
                    stopping=stopping,
                    lossless=getattr(sensor, "lossless", False),
                    decider=decider,
                    model_sha256=pipeline.classifier.sha256,
                )
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                stream.put(_End(error, None))
            else:
                stream.put(_End(None, summary))

        # The thread knows nothing of this object, so that dropping it ends the thread.
        self._thread = threading.Thread(target=work, name="rtcan-live", daemon=True)
        self._finalizer = weakref.finalize(self, _stop, stream, stopping, self._thread)
        self._thread.start()
        while not stream.started.wait(_POLL_S / 10):
            if not self._thread.is_alive() and not stream.started.is_set():
                end = stream.get()
                assert isinstance(end, _End)
                self._finalizer()
                raise end.error or AssertionError("a run ended before it began")
        assert stream.session is not None
        self.sensor: SensorInfo = stream.session.sensor
        self.model = stream.session.model
        self.trained_on = stream.session.contract.trained_on

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Prediction:
        """Wait for the next prediction.

        Raises
        ------
        device.errors.DeviceError
            If the sensor cannot be read any more.
        """
        if self._end is None and self._finalizer.alive:
            item = self._stream.get()
            if isinstance(item, Prediction):
                return item
            self._end, self.summary = item, item.summary
            self.responses = tuple(self._stream.responses)
            self._finalizer()
            if item.error is not None:
                raise item.error
        raise StopIteration

    def close(self) -> None:
        """End the run and close the sensor; harmless when done already."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _stop(stream: _Stream, stopping: threading.Event, thread: threading.Thread) -> None:
    stream.abandoned.set()
    stopping.set()
    thread.join(timeout=10.0)
