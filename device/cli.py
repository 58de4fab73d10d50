"""What all command lines of RTCAN share."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from device.errors import ArgumentError, RtcanError
from device.text import clean_lines

# Where a terminal does not know its width.
_COLUMNS = 80


class RtcanCommand(click.Command):
    """A command whose RtcanErrors end it with one clear line and status 1, or 2 for an option."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        # Names of files and ports, and what other programs answered, stand in messages.
        except ArgumentError as error:
            raise click.UsageError(clean_lines(str(error)), ctx) from error
        except RtcanError as error:
            raise click.ClickException(clean_lines(str(error))) from error


def tell(text: str) -> None:
    """Write to standard error what a person reads; on a terminal its lines end between words."""
    width = _width()
    if width:
        import textwrap

        # An address stays whole, so that it can be clicked and copied.
        lines = (
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.splitlines()
        )
        text = "\n".join(lines)
    click.echo(text, err=True)


def _width() -> int | None:
    """Return how many columns the terminal behind standard error has; None where it is none."""
    # Where a service or a shell has closed it, Python has none.
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except OSError:  # what calls itself a terminal, as a notebook's does
        return _COLUMNS
