"""The options of `rtcan-live` about who is measured, and what is built from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from device.errors import SignalError

if TYPE_CHECKING:
    from device.sensor import Sensor
    from runtime.inference.pipeline import Pipeline
    from runtime.session.keeper import ProfileKeeper

_F = TypeVar("_F", bound=Callable[..., Any])


def person_options(command: _F) -> _F:
    """Add the options about who is measured."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--profile",
        metavar="NAME|PATH",
        help="Go on from what earlier runs learnt of this person, and keep it: a name, or the path "
        "of a .json file. rtcan profile shows and deletes them.",
    ),
    click.option(
        "--record-profile",
        is_flag=True,
        help="Name the profile in recordings, JSON lines and MQTT too.",
    ),
)


@contextmanager
def kept_profile(
    chosen: dict[str, Any], sensor: Sensor, pipeline: Pipeline
) -> Iterator[ProfileKeeper | None]:
    """Take up the profile that was asked for, if one was; let it go at the end."""
    if chosen["profile"] is None:
        take_up(sensor, pipeline)
        if chosen["record_profile"]:
            raise click.UsageError("--record-profile needs --profile NAME.")
        yield None
        return
    from runtime.session.keeper import ProfileKeeper

    keeper = ProfileKeeper(chosen["profile"], pipeline)
    try:
        yield keeper
    finally:
        keeper.release()


def take_up(sensor: Sensor, pipeline: Pipeline) -> None:
    """Let a recording that is played begin with what was known of the person when it was made."""
    source = getattr(sensor, "source", None)
    state = getattr(source, "reference", None)
    reference = pipeline.preprocessor.reference
    if state is None or reference is None:
        return
    try:
        reference.load(state)
    except SignalError as error:
        click.echo(f"Note: {error}", err=True)
