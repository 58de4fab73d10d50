"""A simulator at the command line: it says where it is, plays, and is ended from outside."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol

import click


class Playable(Protocol):
    """What plays a simulated sensor."""

    def play(self) -> int:
        """Play to the end; return how many samples were sent."""


def play_until_ended(
    name: str | Path,
    about: str,
    make_player: Callable[[], Playable],
    end: Callable[[], None],
    said: AbstractContextManager[None],
) -> None:
    """Play until there is no more, or until Ctrl-C; say so at both ends.

    Parameters
    ----------
    name : str or Path
        What a reader gives as `--port`.
    about : str
        What is played there, for people.
    make_player : callable
        Called when the program can be ended in order.
    end : callable
        Called at the end, however that comes.
    said : context manager
        How other programs learn of it meanwhile.
    """
    try:
        with ends_in_order(), said:
            # Before anybody is told to come: it imports, and an import must not be interrupted.
            player = make_player()
            click.echo(f"{name}: {about}; waiting for a reader")
            sys.stdout.flush()
            sent = player.play()
        click.echo(f"{name}: all {sent} samples sent")
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        end()


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Let SIGTERM end the program the way Ctrl-C does, so that the link is removed.

    And SIGINT itself, which a script's shell has its background programs ignore.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
