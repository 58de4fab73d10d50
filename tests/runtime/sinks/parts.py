"""Sinks that remember, hang or break."""

import threading
import time
from typing import Any

from device.samples import Samples
from runtime.sinks.events import Marker, Session, Status, Summary
from runtime.sinks.sink import Sink


class Remembering(Sink):
    """Keeps what it is told."""

    name = "remembering"

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []
        self.news: list[str] = []
        self.marks: list[Marker] = []
        self.session: Session | None = None
        self.summary: Summary | None = None

    def start(self, session: Session) -> None:
        self.session = session

    def samples(self, samples: Samples, fill_s: float) -> None:
        self.seen.append(("samples", time.monotonic()))

    def prediction(self, prediction: Any) -> None:
        self.seen.append(("prediction", time.monotonic()))

    def status(self, status: Status) -> None:
        self.news.append(status.text)

    def marker(self, marker: Marker) -> None:
        self.marks.append(marker)

    def close(self, summary: Summary) -> None:
        self.summary = summary


class Stuck(Sink):
    """Hangs in its first prediction until it is let go."""

    name = "stuck"

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def prediction(self, prediction: Any) -> None:
        self.let_go.wait(60)


class Broken(Sink):
    """Raises on its third prediction."""

    name = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.count = 0
        self.closed = False

    def prediction(self, prediction: Any) -> None:
        self.count += 1
        if self.count == 3:
            raise self.error

    def close(self, summary: Summary) -> None:
        self.closed = True
