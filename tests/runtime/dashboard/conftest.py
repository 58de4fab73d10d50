import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.sensor import SensorInfo
from runtime.dashboard.sink import WebSink
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.live_parts import free_port, summary


@pytest.fixture
def served(tiny_model: Path) -> Iterator[Callable[..., tuple[IsolatedSink, int, list[str]]]]:
    """Return a maker of served streams without a run; all are closed at the end."""
    made = []

    def make(kind: str = "dashboard", **options: Any) -> tuple[IsolatedSink, int, list[str]]:
        port = free_port()
        sink = WebSink(kind, port, **options)
        sink.prepare()
        isolated = IsolatedSink(sink)
        marks: list[str] = []
        contract = Pipeline(Classifier(tiny_model)).contract
        session = Session(
            SensorInfo("Grove", "p", 19.0),
            "m",
            contract,
            mark=marks.append,
            say=lambda words, source: marks.append(words),
        )
        isolated.start(session)
        made.append(isolated)
        return isolated, port, marks

    yield make
    for isolated in made:
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
        assert isolated.health.trouble is None
