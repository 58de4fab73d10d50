"""The run loop: a sensor's samples through the pipeline to the sinks, until told to stop."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from device.sensor import Sensor, SensorInfo
from device.timing.sample_clock import SampleClock
from runtime.inference.decision import Decider
from runtime.inference.pipeline import Pipeline, Prediction
from runtime.person.person import Person
from runtime.preprocessing.events.response_stream import ResponseStream
from runtime.preprocessing.events.responses import Response
from runtime.session.farewell import Farewell, Waiting
from runtime.session.inputs import Inputs
from runtime.session.pace import MeasuredRate, named_wrongly, too_slow
from runtime.session.prepare import prepare
from runtime.session.reader import Chunk, Failure, Reader
from runtime.session.tally import Tally
from runtime.sinks.events import Event, Marker, Session, SinkHealth, Status, Step, Summary
from runtime.sinks.isolated import IsolatedSink
from runtime.sinks.sink import Sink

_TICK_S = 0.1


def run(
    sensor: Sensor,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    duration_s: float | None = None,
    reconnect: bool = True,
    stopping: threading.Event | None = None,
    lossless: bool = False,
    decider: Decider | None = None,
    model_sha256: str = "",
    news: Sequence[Status] = (),
    hurry: threading.Event | None = None,
    waiting: Waiting | None = None,
    person: Person | None = None,
) -> Summary:
    """Read a sensor and hand predictions to sinks until told to stop.

    It also ends when a recording that is played has ended, and when the last sink has died.

    Parameters
    ----------
    sensor : Sensor
        Opened here, and closed.
    pipeline : Pipeline
        With its model.
    sinks : sequence of Sink
        Told of everything, each in a thread of its own.
    duration_s : float or None
        How long to run; None for ever.
    reconnect : bool
        Whether to wait for a sensor that goes away.
    stopping : Event or None
        Set it to end the run; it is set when the duration is over.
    lossless : bool
        Whether the sensor can wait: then nothing is ever dropped, and a slow sink slows the run.
    decider : Decider or None
        Makes decisions of predictions; None for one with the usual settings.
    model_sha256 : str
        Of the model file, for the record.
    news : sequence of Status
        What all sinks are told at the beginning.
    hurry : Event or None
        Set it to wait no more for sinks that finish: what can be done later is left for later.
    waiting : callable or None
        Told a few times a second, when the run is over, the name of a sink that has not finished,
        and which share of its work is done, 0 to 1, or None.
    person : Person or None
        Who is measured; None for a stranger.

    Raises
    ------
    device.errors.DeviceError
        If the sensor cannot be opened or read; the sinks are closed first.
    device.errors.RtcanError
        If a sink cannot have what it needs, or the sensor is too slow for the model.
    """
    prepare(sensor, sinks, pipeline.contract)
    reader = Reader(sensor, reconnect=reconnect, lossless=lossless)
    stopping = stopping or threading.Event()
    isolated = [IsolatedSink(sink, lossless=lossless, stopping=stopping) for sink in sinks]
    decider = decider or Decider(pipeline.contract)
    farewell = Farewell(isolated, hurry, waiting)
    loop = _Loop(sensor, reader, pipeline, decider, isolated, farewell, person, lossless=lossless)
    return loop.run(duration_s, stopping, model_sha256, news)


class _Loop:
    def __init__(
        self,
        sensor: Sensor,
        reader: Reader,
        pipeline: Pipeline,
        decider: Decider,
        sinks: Sequence[IsolatedSink],
        farewell: Farewell,
        person: Person | None,
        *,
        lossless: bool,
    ) -> None:
        self._sensor = sensor
        self._reader = reader
        self._pipeline = pipeline
        self._decider = decider
        self._sinks = sinks
        self._farewell = farewell
        self._person = person or Person()
        self._lossless = lossless
        self._told: set[str] = set()
        info = sensor.describe()
        self._responses = ResponseStream(pipeline.contract, info.rate_hz)
        self._clock = SampleClock(info.speed, info.began_utc_s, live=info.live)
        noted, said = getattr(sensor, "markers", ()), getattr(sensor, "labels", ())
        self._inputs = Inputs(noted, said, lossless=lossless)
        self._pace: MeasuredRate | None = None
        self._first_s = 0.0
        self._tally = Tally(timed=not lossless)

    def run(
        self,
        duration_s: float | None,
        stopping: threading.Event,
        model_sha256: str,
        news: Sequence[Status],
    ) -> Summary:
        reader, pipeline = self._reader, self._pipeline
        session = Session(
            self._sensor.describe(),
            pipeline.classifier.name,
            pipeline.contract,
            model_sha256,
            self._decider.settings,
            self._health,
            self._inputs.mark,
            self._inputs.say,
            clock=self._clock,
            profile=self._person.profile,
            profile_named=self._person.profile_named,
            reference_left_s=pipeline.preprocessor.reference_left_s,
            reference=pipeline.preprocessor.reference_state(),
        )
        for sink in self._sinks:
            sink.start(session)
        for status in news:
            self._tell(status)
        if session.sensor.rate_hz is None:
            self._pace = MeasuredRate()
        self._judge_rate(session.sensor)
        began_s = time.monotonic()
        failure: Exception | None = None
        # Not asked for here, where a sink that hangs can hold everything up.
        timer = threading.Timer(duration_s or 0.0, stopping.set)
        timer.daemon = True
        if duration_s is not None:
            timer.start()
        reader.start()
        try:
            while failure is None and not self._person.gone:
                if (stopping.is_set() or self._all_dead()) and reader.is_alive():
                    reader.stop()
                try:
                    event = reader.events.get(timeout=_TICK_S if reader.is_alive() else 0)
                except queue.Empty:
                    self._tell_inputs()
                    self._tell_trouble()
                    if reader.is_alive():
                        continue
                    break
                if isinstance(event, Failure):
                    failure = event.error
                elif isinstance(event, Chunk):
                    self._take(event)
                else:
                    self._tell(event)
        finally:
            timer.cancel()
            reader.stop()
            summary = self._finish(began_s)
        if failure is not None:
            raise failure
        return summary

    def _all_dead(self) -> bool:
        audience = [sink for sink in self._sinks if sink.sink.audience]
        return bool(audience) and not any(sink.alive for sink in audience)

    def _take(self, chunk: Chunk) -> None:
        """Compute, and tell everybody."""
        origin_s = getattr(self._sensor, "origin_s", None)
        self._clock.push(chunk.samples.time_s, chunk.arrival_s, origin_s)
        self._tell_clock()
        rate_hz = self._pace.push(chunk.samples.time_s) if self._pace is not None else None
        if rate_hz is not None:
            self._pace = None
            self._judge_rate(replace(self._sensor.describe(), rate_hz=rate_hz))
        # What waited in a file was not late: there, time counts from here.
        arrival_s = None if self._lossless else chunk.arrival_s
        predictions = self._pipeline.push(chunk.samples, arrival_s)
        fill_s = self._pipeline.preprocessor.fill_s
        for sink in self._sinks:
            sink.samples(chunk.samples, fill_s)
        for prediction in predictions:
            self._tell_prediction(self._decider.push(prediction))
        if self._inputs.newest is None:
            self._first_s = float(chunk.samples.time_s[0])
        self._inputs.arrived(float(chunk.samples.time_s[-1]), chunk.arrival_s)
        self._tell_inputs()
        self._tell_trouble()

    def _tell_clock(self) -> None:
        reading = self._clock.news()
        if reading is not None:
            for sink in self._sinks:
                sink.clock(reading)
        if self._clock.contradiction is not None and "rate" not in self._told:
            self._told.add("rate")
            self._tell(named_wrongly(self._sensor.describe(), self._clock.contradiction))

    def _judge_rate(self, sensor: SensorInfo) -> None:
        slow = too_slow(sensor, self._pipeline.contract)
        if slow is not None:
            self._tell(Status("rate", slow))

    def _tell_prediction(self, prediction: Prediction) -> None:
        """Tell a prediction, and then the responses that are known with its window."""
        window = prediction.window
        prediction = replace(
            prediction,
            utc_s=self._clock.utc_s(window.end_s),
            scr_per_min=self._responses.per_min(window.end_s),
        )
        prediction = self._person.adapt(prediction)
        for sink in self._sinks:
            sink.prediction(prediction)
        self._tally.push(prediction)
        self._tell_responses(self._responses.push(window))

    def _tell_responses(self, responses: Sequence[Response]) -> None:
        for response in responses:
            self._tell(replace(response, utc_s=self._clock.utc_s(response.onset_s)))

    def _tell(self, event: Event) -> None:
        for sink in self._sinks:
            sink.tell(event)
        if isinstance(event, Step) and (feel := getattr(self._sensor, "feel", None)):
            feel(self._person.arousal(event), event.time_s)  # they do what they are told

    def _tell_inputs(self) -> None:
        """Tell what people noted and said, and what is due to them."""
        for item in self._inputs.take():
            for event in [item] if isinstance(item, Marker) else self._person.hear(item):
                self._tell(event)
        if self._inputs.newest is not None:
            for event in self._person.pass_time(self._inputs.newest[0]):
                self._tell(event)

    def _tell_trouble(self) -> None:
        """Say once what is wrong with a sink, and once that it is over."""
        for health in self._health():
            if health.trouble is not None and health.name not in self._told:
                self._told.add(health.name)
                self._tell(Status("sink", f"{health.name}: {health.trouble}"))
            elif health.trouble is None and health.name in self._told:
                self._told.remove(health.name)
                text = f"{health.name}: works again; {health.missed} events missed so far"
                self._tell(Status("sink", text))

    def _finish(self, began_s: float) -> Summary:
        seconds = time.monotonic() - began_s
        self._inputs.end()
        self._tell_inputs()
        self._tell_responses(self._responses.finish())
        for sink in self._sinks:
            sink.finish(self._summary(seconds))
        self._farewell.wait()
        # Once more: a sink may have missed something on its last steps.
        return self._summary(seconds)

    def _summary(self, seconds: float) -> Summary:
        newest = self._inputs.newest
        return self._tally.summary(
            self._sensor,
            self._health(),
            seconds=seconds,
            signal_s=0.0 if newest is None else newest[0] - self._first_s,
            overrun=self._reader.overrun,
        )

    def _health(self) -> tuple[SinkHealth, ...]:
        return tuple(sink.health for sink in self._sinks)
