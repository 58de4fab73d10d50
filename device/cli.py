"""What all command lines of RTCAN share."""

from __future__ import annotations

from typing import Any

import click

from device.errors import RtcanError
from device.text import clean_lines


class RtcanCommand(click.Command):
    """A command whose RtcanErrors end it with one clear line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RtcanError as error:
            # Names of files and ports, and what other programs answered, stand in messages.
            raise click.ClickException(clean_lines(str(error))) from error
