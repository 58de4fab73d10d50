"""A sink in a thread of its own: however slow or broken, it delays nothing and nobody."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from device.errors import RtcanError
from device.samples import Samples
from device.timing.sample_clock import ClockReading
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Event, Label, Marker, Session, SinkHealth, Status, Step, Summary
from runtime.sinks.sink import Sink

_LOG = logging.getLogger(__name__)
_TICK_S = 0.25
# At 100 groups of samples a second this is more than a minute and a half of patience.
_CAPACITY = 10_000
# How long an event that a sink could not take is shown as its trouble.
_SHOWN_S = 10.0

_Job = Callable[[], None]


class IsolatedSink:
    """Hand a sink its events through a queue of limited length.

    An event that the sink cannot take costs that event alone: it is counted, and shown for a while.
    What ends a sink is an `OSError` or an `RtcanError`, by which it says that it cannot go on (a
    full disk, a reader that left), and a start that fails. It is closed all the same.

    Parameters
    ----------
    sink : Sink
        What to feed.
    lossless : bool
        Whether to wait for a slow sink, for sources that can wait too, such as a recording that is
        replayed as fast as possible. Otherwise what finds the queue full is dropped and counted.
    capacity : int
        Events that may wait.
    stopping : Event or None
        Set when the run is to end: a sink that then takes nothing for as long as its farewell is
        waited for no more.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        lossless: bool = False,
        capacity: int = _CAPACITY,
        stopping: threading.Event | None = None,
    ) -> None:
        self.sink = sink
        self._lossless = lossless
        self._jobs: queue.Queue[_Job] = queue.Queue(capacity)
        self._stopping = stopping or threading.Event()
        self._missed = 0
        self._failure: str | None = None
        self._complaint: tuple[float, str] | None = None
        self._closing = threading.Event()
        self._session: Session | None = None
        self._summary: Summary | None = None
        self._thread = threading.Thread(
            target=self._work, name=f"rtcan-sink-{sink.name}", daemon=True
        )

    @property
    def alive(self) -> bool:
        """Whether the sink still takes anything."""
        return self._failure is None

    @property
    def health(self) -> SinkHealth:
        """How it is doing."""
        sink = self.sink
        trouble = self._failure or sink.trouble or self._recent_complaint()
        waiting = self._jobs.qsize()
        if trouble is None and waiting > self._jobs.maxsize // 2:
            trouble = f"slow: {waiting} events wait for it"
        return SinkHealth(sink.name, self._missed + sink.missed, trouble)

    def start(self, session: Session) -> None:
        """Begin; the sink's own start runs in its thread."""
        self._session = session
        self._thread.start()

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Hand on samples."""
        self._tell(lambda: self.sink.samples(samples, fill_s))

    def prediction(self, prediction: Prediction) -> None:
        """Hand on a prediction."""
        self._tell(lambda: self.sink.prediction(prediction))

    def tell(self, event: Event) -> None:
        """Hand on any of these."""
        if isinstance(event, Status):
            self.status(event)
        elif isinstance(event, Marker):
            self.marker(event)
        elif isinstance(event, Label):
            self.label(event)
        elif isinstance(event, Response):
            self.scr(event)
        else:
            self.step(event)

    def status(self, status: Status) -> None:
        """Hand on news of the sensor."""
        self._tell(lambda: self.sink.status(status))

    def clock(self, reading: ClockReading) -> None:
        """Hand on how the samples' time stands to the wall clock."""
        self._tell(lambda: self.sink.clock(reading))

    def marker(self, marker: Marker) -> None:
        """Hand on a marker."""
        self._tell(lambda: self.sink.marker(marker))

    def label(self, label: Label) -> None:
        """Hand on what the person said of how they feel."""
        self._tell(lambda: self.sink.label(label))

    def scr(self, response: Response) -> None:
        """Hand on a skin conductance response."""
        self._tell(lambda: self.sink.scr(response))

    def step(self, step: Step) -> None:
        """Hand on a step of a guided session."""
        self._tell(lambda: self.sink.step(step))

    def finish(self, summary: Summary) -> None:
        """Let the sink take what waits, then close; returns at once, see `join`."""
        self._summary = summary
        self._closing.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end for so long; return whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def join(self, until_s: float) -> None:
        """Wait for the end until this monotonic time; a sink that hangs is left behind."""
        self._thread.join(max(until_s - time.monotonic(), 0.0))
        if self._thread.is_alive() and self._failure is None:
            self._missed += self._jobs.qsize()
            self._failure = "did not end in time and was left behind"

    def _tell(self, job: _Job) -> None:
        if self._failure is not None:
            self._missed += 1
            return
        since_s = time.monotonic()
        while True:
            try:
                self._jobs.put(job, block=self._lossless, timeout=_TICK_S)
                return
            except queue.Full:
                if not self._lossless or self._failure is not None:
                    self._missed += 1
                    return
            if not self._stopping.is_set():
                since_s = time.monotonic()
            elif time.monotonic() - since_s > self.sink.farewell_s:
                self._missed += 1 + self._jobs.qsize()
                self._failure = "took nothing in time and was left behind"
                return

    def _recent_complaint(self) -> str | None:
        if self._complaint is None or time.monotonic() - self._complaint[0] > _SHOWN_S:
            return None
        return self._complaint[1]

    def _work(self) -> None:
        session = self._session
        assert session is not None
        self._do(lambda: self.sink.start(session), must=True)
        while True:
            # Asked before the queue: what is put before `finish` is then always taken.
            closing = self._closing.is_set()
            try:
                job = self._jobs.get(timeout=0 if closing else _TICK_S)
            except queue.Empty:
                if closing:
                    break
                job = self.sink.tick
            if self._failure is None:  # otherwise what waits is counted already
                self._do(job)
        summary = self._summary
        assert summary is not None
        self._do(lambda: self.sink.close(summary), must=True)

    def _do(self, job: _Job, *, must: bool = False) -> None:
        """Let the sink do one thing; nothing that it raises gets any further."""
        try:
            job()
        except Exception as error:  # noqa: BLE001 - the other sinks and the reader must go on
            _LOG.debug("sink %s failed", self.sink.name, exc_info=True)
            self._missed += job != self.sink.tick
            if not (must or isinstance(error, (OSError, RtcanError))):
                text = f"an event could not be taken: {_in_words(error)}"
                self._complaint = (time.monotonic(), text)
            elif self._failure is None:
                self._failure = f"stopped: {_in_words(error)}"
                self._missed += self._jobs.qsize()


def _in_words(error: Exception) -> str:
    if isinstance(error, BrokenPipeError):
        return "nobody reads its output any more"
    if isinstance(error, (RtcanError, OSError)):
        return str(error)
    return f"{type(error).__name__}: {error}"
