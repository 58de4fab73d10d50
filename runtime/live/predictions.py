"""The iterator that `rtcan.live` returns: a run in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import weakref
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING

from device import arguments
from device.errors import ArgumentError
from device.sensor import Sensor, SensorInfo
from runtime.inference.decision import Decider
from runtime.inference.pipeline import Pipeline, Prediction
from runtime.person.keeper import ProfileKeeper
from runtime.person.person import Person
from runtime.person.said import EXPECTED, Said
from runtime.preprocessing.events.responses import Response
from runtime.session.loop import run
from runtime.sinks.events import Session, Status, Summary
from runtime.sinks.sink import Sink

if TYPE_CHECKING:
    from typing import Self

_LOG = logging.getLogger("rtcan")
# Predictions that wait for the caller; what comes then waits before the sink, and is missed there.
_WAITING = 64
_POLL_S = 0.2


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

    def get(self) -> Prediction | _End | None:
        """Wait for the next item; None where none comes any more: another thread had the end."""
        while True:
            gone = self.abandoned.is_set()  # asked before the queue: what was put is then taken
            # A wait without an end cannot be interrupted on Windows.
            with contextlib.suppress(queue.Empty):
                return self.items.get(timeout=_POLL_S)
            if gone:
                return None


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
        self,
        sensor: Sensor,
        pipeline: Pipeline,
        decider: Decider,
        *,
        reconnect: bool,
        person: Person | None = None,
        keeper: ProfileKeeper | None = None,
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
                    [stream] if keeper is None else [stream, keeper],
                    reconnect=reconnect,
                    stopping=stopping,
                    lossless=getattr(sensor, "lossless", False),
                    decider=decider,
                    model_sha256=pipeline.classifier.sha256,
                    person=person,
                )
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                end = _End(error, None)
            else:
                end = _End(None, summary)
                for sink in summary.sinks:  # what went wrong last, such as keeping the profile
                    if sink.trouble is not None:
                        _LOG.warning("%s: %s", sink.name, sink.trouble)
            if keeper is not None:  # before the caller hears of the end
                keeper.release()
            stream.put(end)

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

    def say(self, words: str) -> None:
        """Label how the person feels now; from any thread.

        What was said goes into the profile, and into the adapted answer. If it teaches nothing,
        contradicts another label, or comes before the first sample or after the run, the log
        "rtcan" says so. A recording at the highest speed ends long before its predictions are read.

        Parameters
        ----------
        words : str
            "calm", "tense", "1" to "5" for arousal, or "valence 1" to "valence 5".

        Raises
        ------
        ArgumentError
            If that is no label.
        """
        if not isinstance(words, str) or Said(0.0, words, "program").label is None:
            raise ArgumentError(f"words is {arguments.shown(words)}; expected: {EXPECTED}")
        assert self._stream.session is not None
        lost = self._stream.session.say(words, "program")
        if lost is not None:
            _LOG.warning("%r is not kept: %s", words, lost)

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
            if item is not None:
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
