"""Groups of options of `rtcan-live`, and what is built from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from runtime.inference.decision import Decider
    from runtime.inference.pipeline import Pipeline
    from runtime.sinks.sink import Sink

_F = TypeVar("_F", bound=Callable[..., Any])
_PORT = click.IntRange(1, 65535)
USUAL_SPEED = 0.0
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


def channel_option(command: _F) -> _F:
    """Add --channel: a number from 1 (as int), or a label."""
    return click.option(
        "--channel",
        metavar="NUMBER|LABEL",
        callback=_read_channel,
        help="Analog channel of a BITalino, 1 to 6 [default: 3]; of other sensors with several "
        "channels the label, or the number from 1.",
    )(command)


def _read_channel(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> int | str | None:
    return int(value) if value is not None and value.isdecimal() else value


def speed_option(command: _F) -> _F:
    """Add --speed: a factor, or max (as None), or `USUAL_SPEED` where it is not given."""
    return click.option(
        "--speed",
        default="usual",
        metavar="FACTOR|max",
        callback=_read_speed,
        help="Of a replay or --demo: how many times faster than life [default: 1, of --demo 8].",
    )(command)


def _read_speed(ctx: click.Context, param: click.Parameter, value: str) -> float | None:
    if value == "usual":
        return USUAL_SPEED
    if value == "max":
        return None
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise click.BadParameter(f"{value!r} is neither a number above 0 nor max.")
    return factor


def sink_options(command: _F) -> _F:
    """Add the options that say where predictions go."""
    return _all(
        command,
        click.option(
            "--output",
            type=click.Choice(["auto", "view", "jsonl", "none"]),
            default="auto",
            show_default=True,
            help="auto: a view in a terminal, JSON lines elsewhere.",
        ),
        click.option("--record", type=click.Path(path_type=Path), help="Keep the run in a folder."),
        click.option("--dashboard", type=_PORT, help="Show it in a browser, at this port."),
        click.option("--websocket", type=_PORT, help="The dashboard's stream alone, at this port."),
        click.option(
            "--host",
            default="127.0.0.1",
            show_default=True,
            help="Address to serve on; any but this computer's own asks for a token.",
        ),
        click.option(
            "--token",
            envvar="RTCAN_TOKEN",
            help="The token to ask for, also in RTCAN_TOKEN [default: made up].",
        ),
        click.option("--mqtt", metavar="URL", help="mqtt[s]://[user[:password]@]host[:port]/topic"),
        click.option(
            "--lsl", is_flag=True, help="Lab Streaming Layer: signal, predictions, responses."
        ),
    )


def decision_options(command: _F) -> _F:
    """Add the options that say how decisions are made."""
    return _all(
        command,
        click.option(
            "--smoothing",
            type=click.FloatRange(min=0),
            default=5.0,
            show_default=True,
            help="Time constant of the smoothing, seconds.",
        ),
        click.option("--threshold", type=_SHARE, help="High from here on [default: the model's]."),
        click.option(
            "--hysteresis",
            type=click.FloatRange(0, 0.5),
            default=0.05,
            show_default=True,
            help="How far the threshold must be passed.",
        ),
        click.option("--trigger-level", type=_SHARE, help="Trigger when this is reached."),
        click.option(
            "--refractory-seconds",
            type=click.FloatRange(min=0),
            default=30.0,
            show_default=True,
            help="No other trigger for so long.",
        ),
        click.option(
            "--baseline",
            type=click.FloatRange(min=0),
            default=0.0,
            metavar="SECONDS",
            help="Measure the person at rest first, and report changes against it.",
        ),
    )


def make_sinks(chosen: dict[str, Any]) -> list[Sink]:
    """Return the sinks that were asked for; only those are imported."""
    sinks: list[Sink] = []
    output = chosen["output"]
    lines = output == "jsonl" or (output == "auto" and not sys.stdout.isatty())
    if lines:
        from runtime.sinks.jsonl import Descriptor, JsonLines

        sinks.append(JsonLines(Descriptor(sys.stdout.fileno())))
    if chosen["record"] is not None:
        from runtime.recording.recorder import Recorder

        sinks.append(Recorder(chosen["record"]))
    for kind in ("dashboard", "websocket"):
        if chosen[kind] is not None:
            from runtime.dashboard.sink import WebSink

            sinks.append(WebSink(kind, chosen[kind], chosen["host"], chosen["token"]))
    if chosen["mqtt"] is not None:
        from runtime.sinks.mqtt import MqttSink

        sinks.append(MqttSink(chosen["mqtt"]))
    if chosen["lsl"]:
        from runtime.sinks.lsl import LslSink

        sinks.append(LslSink())
    if not lines and output != "none":
        from rich.console import Console

        from runtime.sinks.terminal import TerminalView

        elsewhere = [sink.note for sink in sinks if sink.note is not None]
        sinks.insert(0, TerminalView(Console(), elsewhere))
    return sinks


def make_decider(pipeline: Pipeline, chosen: dict[str, Any]) -> Decider:
    """Return what makes decisions as asked."""
    from runtime.inference.decision import Decider, DecisionSettings

    settings = DecisionSettings(
        smoothing_s=chosen["smoothing"],
        threshold=chosen["threshold"],
        hysteresis=chosen["hysteresis"],
        trigger_level=chosen["trigger_level"],
        refractory_s=chosen["refractory_seconds"],
        baseline_s=chosen["baseline"],
    )
    return Decider(pipeline.contract, settings)


def _all(command: _F, *options: Callable[[_F], _F]) -> _F:
    # The option that is applied last stands first in --help.
    for option in reversed(options):
        command = option(command)
    return command
