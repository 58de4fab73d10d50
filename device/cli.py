"""What all command lines of RTCAN share."""

from __future__ import annotations

from typing import Any

import click

from device.errors import ArgumentError, RtcanError
from device.text import clean_lines


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
