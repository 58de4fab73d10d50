"""The options of `rtcan-live` about who is measured, and what is built from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from device.errors import SignalError
from runtime.live.options import make_decider

if TYPE_CHECKING:
    from device.sensor import Sensor
    from runtime.inference.pipeline import Pipeline
    from runtime.person.adaptation import Learner
    from runtime.person.person import Person
    from runtime.sinks.events import Status
    from runtime.sinks.sink import Sink

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
        "--enrol",
        is_flag=True,
        help="Begin with a guided session: two minutes of rest, of mental arithmetic and of rest. "
        "With --demo a simulated person goes through it, and the run ends.",
    ),
    click.option(
        "--adapt/--no-adapt",
        default=None,
        help="Show the answer adapted to this person by their labels beside the stranger's, or do "
        "not [default: where that was measured to help]. Labels are kept in either case.",
    ),
    click.option(
        "--ask-every",
        type=click.FloatRange(min=0, min_open=True),
        metavar="MINUTES",
        help="Ask so often how the person feels.",
    ),
    click.option(
        "--record-profile",
        is_flag=True,
        help="Name the profile in recordings, JSON lines and MQTT too.",
    ),
)


@contextmanager
def met(
    chosen: dict[str, Any], sensor: Sensor, pipeline: Pipeline
) -> Iterator[tuple[Person, list[Sink], list[Status]]]:
    """Take up the profile that was asked for, if one was; let it go at the end.

    Yields
    ------
    tuple of Person, list of Sink, list of Status
        Who is measured, what keeps the profile, and what is to be said of it.
    """
    from device.sources.demo import DemoSensor
    from runtime.person.adaptation import Learner
    from runtime.person.person import Person

    learner = Learner(pipeline.classifier, make_decider(pipeline, chosen).settings, chosen["adapt"])
    minutes = chosen["ask_every"]
    person = Person(
        learner=learner,
        profile_named=chosen["record_profile"],
        ask_every_s=math.inf if minutes is None else 60.0 * minutes,
    )
    if chosen["profile"] is None:
        if chosen["enrol"]:
            raise click.UsageError("--enrol needs --profile NAME, which keeps what it measures.")
        if chosen["record_profile"]:
            raise click.UsageError("--record-profile needs --profile NAME.")
        take_up(sensor, pipeline)
        yield person, [], noted(learner)
        return
    from runtime.person.keeper import ProfileKeeper

    keeper = ProfileKeeper(chosen["profile"], pipeline, learner)
    try:
        person.profile = keeper.profile.name
        if chosen["enrol"]:
            from runtime.person.guide import Guide, Plan

            person.guide = Guide(pipeline.contract)
            person.enrolled = keeper.enrol
            if isinstance(sensor, DemoSensor):
                sensor.course = Plan().arousal
                person.leaves = True
        news = keeper.news()
        for status in news:
            click.echo(f"{person.profile}: {status.text}", err=True)
        yield person, [keeper], [*news, *noted(learner)]
    finally:
        keeper.release()


def noted(learner: Learner) -> list[Status]:
    """Say what is to be known of an adapted answer that was asked for; return it as news."""
    from runtime.sinks.events import Status

    if learner.note is None:
        return []
    click.echo(f"Note: {learner.note}", err=True)
    return [Status("model", learner.note)]


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
