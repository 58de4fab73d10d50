"""`rtcan-live`: from a sensor on a port to predictions in a terminal or as JSON lines."""

from __future__ import annotations

import signal
import sys
import threading
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
    from runtime.sinks.sink import Sink

DEFAULT_MODEL = Path("save/best.onnx")


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
    from runtime.session import run
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


def _sink(output: str) -> Sink:
    if output == "jsonl" or (output == "auto" and not sys.stdout.isatty()):
        from runtime.sinks.jsonl import Descriptor, JsonLines

        return JsonLines(Descriptor(sys.stdout.fileno()))
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
