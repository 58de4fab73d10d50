"""`rtcan-live`: from a sensor on a port to predictions in a terminal or as JSON lines."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from device.cli import RtcanCommand, tell
from device.errors import RecordingError
from runtime.inference.models import DEFAULT_MODEL
from runtime.live.options import (
    USUAL_SPEED,
    channel_option,
    decision_options,
    make_decider,
    make_sinks,
    sink_options,
    speed_option,
)
from runtime.live.person import met, person_options

if TYPE_CHECKING:
    from runtime.sinks.sink import Sink


def _show_version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import version

    from runtime.cvxeda.solver import FLOORS

    click.echo(f"rtcan-live {version('rtcan')}, cvxEDA on {FLOORS[0]}")
    context.exit()


@click.command(cls=RtcanCommand)
@click.argument("action", type=click.Choice(["doctor"]), required=False)
@click.option(
    "--port",
    help="/dev/ttyUSB0, COM3, socket://host:port, a pattern such as '/dev/ttyUSB*', "
    "usb:VID:PID[:SERIAL], emotibit:, ble:, lsl: or brainflow:NAME, as rtcan-devices "
    "prints it; or a recording, as PATH or replay:PATH.",
)
@click.option(
    "--demo", is_flag=True, help="A simulated person, 8 times faster than life, and a model for it."
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
    help=f"Exported model [default: {DEFAULT_MODEL}, or the package's model without one].",
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
@click.option(
    "--column",
    metavar="NAME|NUMBER",
    help="Field of a Grove's line or of a table: its name, or its number from 0.",
)
@channel_option
@speed_option
@person_options
@sink_options
@decision_options
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Seconds to run.")
@click.option("--no-reconnect", is_flag=True, help="End when the sensor is unplugged.")
@click.option(
    "--music",
    type=click.Path(path_type=Path),
    help="The song that is heard, for a model trained with music: a sound file, or the table that "
    "python -m training.music wrote.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="For the network."
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the solver in use.",
)
def main(
    action: str | None,
    port: str | None,
    demo: bool,
    kind: str,
    model: Path | None,
    baud: int | None,
    rate_hz: float | None,
    calibration: str | None,
    column: str | None,
    channel: int | str | None,
    speed: float | None,
    duration: float | None,
    no_reconnect: bool,
    music: Path | None,
    threads: int,
    **chosen: Any,
) -> None:
    """Read a skin-conductance sensor and show, second by second, arousal and valence.

    It ends on Ctrl-C, after --duration, or when the sensor goes away and --no-reconnect is given;
    a summary follows. `rtcan-live doctor` checks what is installed and plugged in instead.
    """
    if action == "doctor":
        from runtime.live.doctor import examine

        sys.exit(0 if examine(port, model) else 1)
    if demo == (port is not None):
        raise click.UsageError("Give either --port, or --demo to see it without a sensor.")
    # Heavy imports wait until the options are known to be good: --help is to answer at once.
    with _uncollected():
        from device.sources.demo import DemoSensor
        from runtime.live.sensors import DEMO, make_sensor, model_for

        sensor = make_sensor(
            port or DEMO,
            kind,
            baud=baud,
            rate_hz=rate_hz,
            calibration=calibration,
            column=column,
            channel=channel,
            speed=1.0 if speed == USUAL_SPEED else speed,
        )
        if isinstance(sensor, DemoSensor) and speed:
            sensor.speed = speed
        path, note = (model, None) if model is not None else model_for(sensor)

        from runtime.inference.classifier import Classifier
        from runtime.inference.models import SHIPPED_MODEL
        from runtime.inference.pipeline import Pipeline
        from runtime.live.waiting import WaitingLine
        from runtime.session.loop import run
        from runtime.sinks.events import Status
        from runtime.sinks.words import learnt

        song = None
        if music is not None:
            from runtime.inference.music import read

            song = read(music)
        pipeline = Pipeline(Classifier(path, threads), song)
    contract = pipeline.contract
    if demo and model is None:
        note = "A simulated person is shown, and the model of the package answers"
    if note is not None and path == SHIPPED_MODEL:
        note = f"{note}. {learnt(contract)}."
        if not chosen.get("profile"):  # What is known of a person shortens it.
            note += f" Its first answer needs {contract.first_answer_s:.0f} s of signal."
    if note is not None:
        tell(f"Note: {note}")
    news = [] if note is None else [Status("model", note)]
    waiting = WaitingLine()
    with (
        met(chosen, sensor, pipeline) as (person, keepers, known),
        _stop_on_signals() as (stopping, hurry),
        _released(sinks := make_sinks(chosen)),
    ):
        for sink in sinks:
            if sink.note is not None:
                tell(sink.note)
            sink.stays = sink.name == "dashboard"
        left_s = pipeline.preprocessor.reference_left_s
        summary = run(
            sensor,
            pipeline,
            [*sinks, *keepers],
            duration_s=duration,
            reconnect=not no_reconnect,
            stopping=stopping,
            lossless=getattr(sensor, "lossless", False),
            decider=make_decider(pipeline, chosen),
            model_sha256=pipeline.classifier.sha256,
            news=[*news, *known],
            person=person,
            hurry=hurry,
            waiting=waiting,
        )
        waiting.end()
        from runtime.live.summary import summary_text, too_short

        tell(summary_text(summary, pipeline.contract, left_s))
        short = too_short(summary, pipeline.contract)
        failed = short is not None and not sensor.describe().live and not stopping.is_set()
        if short is not None and not failed:
            tell(short)
        if note is not None:
            tell(f"Note: {note}")
        troubled = {item.name for item in summary.sinks if item.trouble}
        # A recording comes to its end by itself, perhaps before anybody has looked at the page.
        if not stopping.is_set() and any(s.stays and s.name not in troubled for s in sinks):
            tell("The page stays until Ctrl-C.")
            stopping.wait()
    if failed:
        raise RecordingError(f"{sensor.describe().port} is too short: {short}")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage while modules and the model are loaded: they stay.

    That took a tenth of the start. What was made is left out of later collections too.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _released(sinks: Sequence[Sink]) -> Iterator[None]:
    """Let go, at the end, of sinks that stay."""
    try:
        yield
    finally:
        for sink in sinks:
            if sink.stays:
                sink.release()


@contextmanager
def _stop_on_signals() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let Ctrl-C and SIGTERM end the run in order; the second time, without waiting."""
    stopping, hurry = threading.Event(), threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            hurry.set()
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping, hurry
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()
