"""`rtcan-live`: from a sensor on a port to predictions in a terminal or as JSON lines."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from device.cli import RtcanCommand
from device.errors import ModelError

if TYPE_CHECKING:
    from device.sensor import Sensor
    from runtime.pipeline import Pipeline
    from runtime.sinks.sink import Sink, Summary

DEFAULT_MODEL = Path("save/best.onnx")
_TICK_S = 0.1


@click.command(cls=RtcanCommand)
@click.option(
    "--port",
    required=True,
    help="/dev/ttyUSB0, COM3, socket://host:port, a pattern such as '/dev/ttyUSB*', "
    "usb:VID:PID[:SERIAL] as rtcan-devices prints it, or a text recording.",
)
@click.option(
    "--sensor",
    "kind",
    type=click.Choice(["auto", "grove", "bitalino", "shimmer", "rtcan"]),
    default="auto",
    show_default=True,
    help="What is plugged in; auto finds out.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help=f"Exported model [default: {DEFAULT_MODEL}].",
)
@click.option(
    "--baud", type=click.IntRange(min=1), help="Bits per second [default: the sensor's usual]."
)
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(min=0, min_open=True),
    help="Samples per second: set on a sensor that can be told; of a Grove, its own, measured from "
    "arrivals where not given.",
)
@click.option(
    "--calibration",
    help="Of a Grove: reading with open electrodes, and the converter's bits: 512 [default]; "
    "2048,12 on an ESP32; or us for a sketch that prints microsiemens.",
)
@click.option("--column", type=click.IntRange(min=0), help="Field of a line with several, from 0.")
@click.option(
    "--channel", type=click.IntRange(1, 6), help="Analog channel of a BITalino [default: 3]."
)
@click.option(
    "--output",
    type=click.Choice(["auto", "view", "jsonl"]),
    default="auto",
    show_default=True,
    help="auto: a view in a terminal, JSON lines elsewhere.",
)
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Seconds to run.")
@click.option("--no-reconnect", is_flag=True, help="End when the sensor is unplugged.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="For the network."
)
@click.version_option(package_name="rtcan", prog_name="rtcan-live")
def main(
    port: str,
    kind: str,
    model: Path | None,
    baud: int | None,
    rate_hz: float | None,
    calibration: str | None,
    column: int | None,
    channel: int | None,
    output: str,
    duration: float | None,
    no_reconnect: bool,
    threads: int,
) -> None:
    """Read a skin-conductance sensor and show, second by second, arousal and valence.

    It ends on Ctrl-C, after --duration, or when the sensor goes away and --no-reconnect is given;
    a summary follows.
    """
    # Heavy imports wait until the options are known to be good: --help is to answer at once.
    from device.drivers.driver import DriverOptions
    from device.recording_sensor import RecordingSensor
    from device.serial_sensor import SerialSensor

    sensor: Sensor
    if Path(port).is_file():
        sensor = RecordingSensor(Path(port), rate_hz, None if column is None else str(column))
    else:
        options = DriverOptions(rate_hz, calibration, column, channel)
        sensor = SerialSensor(port, kind, baud=baud, options=options)
    path = model or DEFAULT_MODEL
    if model is None and not path.is_file():
        raise ModelError(
            f"No --model was given and there is no {DEFAULT_MODEL}. Make one: python -m "
            "training.run --dataset synthetic, then python -m export.onnx save/best.pt"
        )

    from runtime.classifier import Classifier
    from runtime.pipeline import Pipeline
    from runtime.terminal import summary_text

    pipeline = Pipeline(Classifier(path, threads))
    with _stop_on_signals() as stopping:
        summary = run(
            sensor,
            pipeline,
            [_sink(output)],
            duration_s=duration,
            reconnect=not no_reconnect,
            stopping=stopping,
        )
    click.echo(summary_text(summary), err=True)


def run(
    sensor: Sensor,
    pipeline: Pipeline,
    sinks: list[Sink],
    *,
    duration_s: float | None = None,
    reconnect: bool = True,
    stopping: threading.Event | None = None,
) -> Summary:
    """Read a sensor and hand predictions to sinks until told to stop.

    Parameters
    ----------
    sensor : Sensor
        Opened here, and closed.
    pipeline : Pipeline
        With its model.
    sinks : list of Sink
        Told of everything.
    duration_s : float or None
        How long to run; None for ever.
    reconnect : bool
        Whether to wait for a sensor that goes away.
    stopping : Event or None
        Set it to end the run.

    Raises
    ------
    device.errors.DeviceError
        If the sensor cannot be opened or read; the sinks are closed first.
    """
    from runtime.reader import Chunk, Failure, Reader
    from runtime.sinks.sink import Session, Summary, percentiles

    stopping = stopping or threading.Event()
    sensor.open()
    reader = Reader(sensor, reconnect=reconnect)
    session = Session(sensor.describe(), pipeline.classifier.name, pipeline.contract)
    for sink in sinks:
        sink.start(session)
    began_s = time.monotonic()
    latency_ms: list[float] = []
    compute_ms: list[float] = []
    withheld = 0
    failure: Exception | None = None
    reader.start()
    try:
        while failure is None:
            ends = duration_s is not None and time.monotonic() - began_s >= duration_s
            if (ends or stopping.is_set()) and reader.is_alive():
                reader.stop()
            try:
                event = reader.events.get(timeout=_TICK_S if reader.is_alive() else 0)
            except queue.Empty:
                if reader.is_alive():
                    continue
                break
            if isinstance(event, Failure):
                failure = event.error
            elif isinstance(event, Chunk):
                predictions = pipeline.push(event.samples, event.arrival_s)
                for sink in sinks:
                    sink.samples(event.samples, pipeline.preprocessor.fill_s)
                for prediction in predictions:
                    latency_ms.append(prediction.latency_ms)
                    compute_ms.append(prediction.compute_ms)
                    withheld += prediction.withheld
                    for sink in sinks:
                        sink.prediction(prediction)
            else:
                for sink in sinks:
                    sink.status(event)
    finally:
        reader.stop()
        summary = Summary(
            seconds=time.monotonic() - began_s,
            counters=sensor.counters,
            overrun=reader.overrun,
            windows=len(latency_ms),
            withheld=withheld,
            latency_ms=percentiles(latency_ms),
            compute_ms=percentiles(compute_ms),
        )
        for sink in sinks:
            sink.close(summary)
    if failure is not None:
        raise failure
    return summary


def _sink(output: str) -> Sink:
    if output == "jsonl" or (output == "auto" and not sys.stdout.isatty()):
        from runtime.sinks.jsonl import JsonLines

        return JsonLines(sys.stdout)
    from rich.console import Console

    from runtime.terminal import TerminalView

    return TerminalView(Console())


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Let Ctrl-C and SIGTERM end the run in order."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()
