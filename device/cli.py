"""What all command lines of RTCAN share."""

from __future__ import annotations

from typing import Any

import click

from device.errors import RtcanError


class RtcanCommand(click.Command):
    """A command whose RtcanErrors end it with one clear line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RtcanError as error:
            raise click.ClickException(str(error)) from error
