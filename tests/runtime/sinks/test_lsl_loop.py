"""What `--lsl` sends, `--port lsl:` reads: the same windows."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from device.sources.registry import make_source
from device.sources.replay import ReplaySensor
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.window import Window
from runtime.sinks.events import Session
from tests.runtime.live_parts import summary


def test_windows_that_came_over_lsl_are_the_same(pipeline: Pipeline) -> None:
    try:
        import pylsl  # noqa: F401
    except (ImportError, RuntimeError) as error:  # no package, or no liblsl for this system
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    whole = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    kept = np.r_[0:300, 310:500, 503 : len(whole)]  # two gaps
    samples = Samples(whole.time_s[kept], whole.eda_us[kept])
    source = Source(Path(f"loop-{os.getpid()}"), "table", 19.0, lambda: in_blocks(samples, 5))
    replay = ReplaySensor(source, None)
    sink = LslSink()
    sink.start(Session(replay.describe(), "m", pipeline.contract))
    sensor = make_source(f"lsl:source_id=rtcan-replay:{source.path}-eda")
    sensor.open()
    threading.Thread(target=sink.samples, args=(samples, 0.0)).start()
    parts, until_s = [Samples.empty()], time.monotonic() + 20
    while sum(map(len, parts)) < len(samples) and time.monotonic() < until_s:
        parts.append(sensor.read(0.2))
    sensor.close()
    sink.close(summary())
    read = Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
    )
    np.testing.assert_array_equal(read.eda_us, samples.eda_us)
    np.testing.assert_allclose(read.time_s, samples.time_s - samples.time_s[0], atol=1e-9)
    expected, found = (_windows(pipeline, some) for some in (samples, read))
    assert len(expected) > 5
    for one, other in zip(expected, found, strict=True):
        for name in ("eda_us", "tonic_us", "phasic_us", "context_us"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), atol=1e-9)
        assert one.input is not None and other.input is not None
        # float32: one step in the last place at most.
        np.testing.assert_allclose(other.input, one.input, atol=1e-6)


def _windows(pipeline: Pipeline, samples: Samples) -> list[Window]:
    pipeline.reset()
    return [prediction.window for prediction in pipeline.push(samples)]
