import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from device.sources.replay import ReplaySensor
from device.timing.now import now_s
from device.timing.sample_clock import SampleClock
from runtime.inference.decision import Decider
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Target
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.live_parts import summary
from tests.tiny import CONTRACT


def test_lsl_with_a_real_inlet(pipeline: Pipeline) -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:  # no package, or no liblsl for this system
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    samples = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    source = Source(Path(f"lsl-{os.getpid()}"), "table", 19.0, lambda: in_blocks(samples, 5))
    sink = LslSink()
    isolated = IsolatedSink(sink)
    sensor = ReplaySensor(source, None)
    isolated.start(Session(sensor.describe(), "m", pipeline.contract))
    inlets = {}
    for ending in ("eda", "predictions"):
        found = pylsl.resolve_byprop("source_id", f"rtcan-replay:{source.path}-{ending}", 1, 20)
        inlets[ending] = pylsl.StreamInlet(found[0])
        inlets[ending].open_stream(10)
    channel = inlets["eda"].info().desc().child("channels").child("channel")
    assert channel.child_value("unit") == "microsiemens"
    assert inlets["eda"].info().nominal_srate() == 19.0
    labels = []
    channel = inlets["predictions"].info().desc().child("channels").child("channel")
    while not channel.empty():
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling()
    assert labels == [
        "arousal_high", "arousal_high_smoothed", "valence_high", "valence_high_smoothed",
        "arousal_state", "valence_state",
    ]  # fmt: skip
    isolated.samples(samples, 0.0)
    decider = Decider(pipeline.contract)
    predictions = [decider.push(prediction) for prediction in pipeline.push(samples)]
    for prediction in predictions:
        isolated.prediction(prediction)
    values, times = _pull(inlets["eda"], len(samples))
    np.testing.assert_array_equal(np.array(values)[:, 0], samples.eda_us)
    np.testing.assert_allclose(np.diff(times), np.diff(samples.time_s), atol=1e-9)
    answers, ends = _pull(inlets["predictions"], len(predictions))
    known = [p.estimates["arousal"].probability_high for p in predictions]
    np.testing.assert_array_equal(np.array(answers)[:, 0], np.array(known, dtype=np.float32))
    smoothed = [p.decisions["arousal"].smoothed for p in predictions]
    np.testing.assert_array_equal(np.array(answers)[:, 1], np.array(smoothed, dtype=np.float32))
    numbers = {"low": 0.0, "undecided": 0.5, "high": 1.0}
    states = [[numbers[p.decisions[t].state] for t in ("arousal", "valence")] for p in predictions]
    np.testing.assert_array_equal(np.array(answers)[:, 4:], states)
    # A window's end is on the same time axis as the samples.
    offset_s = times[0] - samples.time_s[0]
    np.testing.assert_allclose(ends, [p.window.end_s + offset_s for p in predictions], atol=1e-6)
    isolated.finish(summary())
    isolated.join(time.monotonic() + 10)


def test_responses_have_the_time_of_their_onset() -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    info = SensorInfo("Grove", f"scr-{os.getpid()}", 19.0, speed=None)
    sink = LslSink()
    sink.start(Session(info, "m", CONTRACT))
    found = pylsl.resolve_byprop("source_id", f"rtcan-{info.port}-scr", 1, 20)
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(10)
    assert inlet.info().type() == "SCR"
    first = inlet.info().desc().child("channels").child("channel")
    assert (first.child_value("label"), first.child_value("unit")) == ("amplitude", "microsiemens")
    sink.scr(Response(10.0, 11.5, 0.4, 1.5, 2.0, 0.9, 0.75))
    sink.scr(Response(14.0, 15.5, 0.2, 1.5, 2.0, 0.5, 1.0))
    values, times = _pull(inlet, 2)
    assert values == [[0.4, 1.5, 2.0, 0.9, 0.75], [0.2, 1.5, 2.0, 0.5, 1.0]]
    assert times[1] - times[0] == pytest.approx(4.0)
    sink.close(summary())


def test_the_description_has_the_words_and_the_guesses() -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    targets = (
        Target(name="arousal", words=("as at rest", "as in a mental task")),
        Target(name="valence", guess="at chance"),
    )
    info = SensorInfo("Grove", f"words-{os.getpid()}", 19.0)
    sink = LslSink()
    sink.start(Session(info, "m", replace(CONTRACT, targets=targets)))
    found = pylsl.resolve_byprop("source_id", f"rtcan-{info.port}-predictions", 1, 20)
    told = pylsl.StreamInlet(found[0]).info().desc().child("targets")
    assert told.child("arousal").child_value("low") == "as at rest"
    assert told.child("arousal").child_value("high") == "as in a mental task"
    assert told.child("arousal").child_value("guess") == ""
    assert told.child("valence").child_value("guess") == "valence is a guess: at chance"
    sink.close(summary())


def test_stamps_keep_to_the_clock_whatever_rate_was_named(pipeline: Pipeline) -> None:
    """A Grove of 20 Hz that was named 25 counts 8 s in 10; LSL's clock must not follow."""
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    clock, info = SampleClock(), SensorInfo("Grove", f"named-{os.getpid()}", 25.0)
    sink = LslSink()
    sink.start(Session(info, "m", pipeline.contract, clock=clock))
    inlet = pylsl.StreamInlet(pylsl.resolve_byprop("source_id", f"rtcan-{info.port}-eda", 1, 20)[0])
    inlet.open_stream(10)
    offset = inlet.info().desc().child("clock").child_value("utc_minus_lsl_s")
    assert abs(float(offset) - (time.time() - pylsl.local_clock())) < 1
    began_s, true_s = time.monotonic(), []
    for k in range(160):
        time.sleep(max(began_s + k / 20 - time.monotonic(), 0.0))
        true_s.append(pylsl.local_clock())
        samples = Samples(np.array([k / 25]), np.array([5.0]))
        clock.push(samples.time_s, now_s())
        sink.samples(samples, 0.0)
    _, times = _pull(inlet, 160)
    late_s = (np.array(times) - true_s)[40:]
    # This loop itself is late at times: a sample is stamped when it should have been sent.
    assert late_s.max() < 0.05 and np.percentile(late_s, 20) > -0.05


def _pull(inlet: Any, count: int) -> tuple[list[list[float]], list[float]]:
    values: list[list[float]] = []
    times: list[float] = []
    end_s = time.monotonic() + 20
    while len(values) < count and time.monotonic() < end_s:
        some, at = inlet.pull_chunk(0.2)
        values += some
        times += at
    assert len(values) == count
    return values, times
