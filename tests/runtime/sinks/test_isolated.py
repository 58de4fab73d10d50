"""The queue before a sink: what waits, what is dropped and counted, what is left behind."""

import threading
import time
from pathlib import Path

import numpy as np

from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sensor import SensorInfo
from device.sources.replay import ReplaySensor
from runtime.inference.pipeline import Pipeline
from runtime.session.loop import run
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.live_parts import joined, summary, until
from tests.runtime.sinks.parts import Remembering, Stuck


def test_a_stuck_sink_does_not_keep_a_run_that_can_wait_from_ending(
    source: Source, pipeline: Pipeline
) -> None:
    stuck, stopping = Stuck(), threading.Event()
    stuck.farewell_s = 0.3
    isolated = IsolatedSink(stuck, lossless=True, capacity=3, stopping=stopping)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    prediction = pipeline.push(joined(source))[0]
    threading.Timer(0.2, stopping.set).start()
    began_s = time.monotonic()
    for _ in range(20):
        isolated.prediction(prediction)
    assert 0.4 < time.monotonic() - began_s < 3
    assert isolated.health.trouble == "took nothing in time and was left behind"
    # All but the one in the stuck hands, and the start.
    assert isolated.health.missed >= 19
    stuck.let_go.set()


def test_a_duration_ends_a_run_that_waits_for_a_stuck_sink(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    samples = Samples(np.arange(12_000) / 19.0, 3 + np.sin(np.arange(12_000) / 90))
    source, stuck = Source(tmp_path, "x", 19.0, lambda: in_blocks(samples, 1)), Stuck()
    stuck.farewell_s = 0.2
    summary = run(
        ReplaySensor(source, None), pipeline, [stuck], lossless=True, duration_s=2.0
    )  # fmt: skip
    assert not stuck.let_go.is_set()
    stuck.let_go.set()
    assert summary.seconds < 20
    [health] = summary.sinks
    assert health.trouble is not None and "left behind" in health.trouble


def test_a_full_queue_drops_and_counts(source: Source, pipeline: Pipeline) -> None:
    stuck = Stuck()
    isolated = IsolatedSink(stuck, capacity=10)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    prediction = pipeline.push(next(iter(in_blocks(joined(source), 10**6))))[0]
    for _ in range(50):
        isolated.prediction(prediction)
    # One is in the stuck hands, or still in the queue, and the start may be too.
    assert 38 <= isolated.health.missed <= 41
    assert "slow" in str(isolated.health.trouble)
    stuck.let_go.set()
    until(lambda: isolated.health.trouble is None)
    assert isolated.alive


def test_when_it_can_wait_nothing_is_dropped(source: Source, pipeline: Pipeline) -> None:
    class Slow(Remembering):
        def samples(self, samples: Samples, fill_s: float) -> None:
            time.sleep(0.002)
            super().samples(samples, fill_s)

    slow = Slow()
    isolated = IsolatedSink(slow, lossless=True, capacity=5)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    groups = list(source.blocks())
    for group in groups:
        isolated.samples(group, 0.0)
    isolated.finish(summary())
    isolated.join(time.monotonic() + 10)
    assert len(slow.seen) == len(groups) > 100
    assert isolated.health.missed == 0
    assert slow.summary is not None


def test_a_run_that_can_wait_loses_nothing(source: Source, pipeline: Pipeline) -> None:
    good = Remembering()
    summary = run(ReplaySensor(source, None), pipeline, [good], lossless=True)
    assert len(good.seen) == len(list(source.blocks())) + 28
    assert summary.overrun == 0 and summary.sinks[0].missed == 0
