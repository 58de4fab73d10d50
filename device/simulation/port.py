"""The interface of a place where a simulated board is plugged in."""

from __future__ import annotations

from typing import Protocol


class Port(Protocol):
    """A pseudo-terminal, or a network.

    Attributes
    ----------
    datagrams : bool
        Whether what is written at once arrives at once, or not at all.
    resets_board : bool
        Whether opening it makes the board begin anew.
    """

    datagrams: bool
    resets_board: bool

    @property
    def path(self) -> str:
        """What a reader gives as `--port`."""

    def plug_in(self) -> None:
        """Make the port appear."""

    def unplug(self) -> None:
        """Take the port away; harmless when it is away."""

    def restart(self) -> float | None:
        """Take that the board begins anew; return for how long (s) that takes the port away."""

    def receive(self) -> bytes | None:
        """Return what the reader has sent; None when there is no reader."""

    def write(self, data: bytes) -> None:
        """Send."""

    def drained(self) -> bool:
        """Say whether the reader has taken everything, or is gone."""
