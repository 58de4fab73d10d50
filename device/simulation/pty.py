"""A pseudo-terminal as a simulated sensor's port."""

from __future__ import annotations

import os
import select
from pathlib import Path

from device.errors import DeviceError


class PseudoTerminal:
    """A port whose name may stay, and the knowledge whether anybody listens.

    Parameters
    ----------
    link : Path or None
        A name for it, made as a symbolic link.

    Raises
    ------
    DeviceError
        If there is something else by that name, or this system has no pseudo-terminals.
    """

    datagrams = False
    # As on a board whose reset line hangs on the port's.
    resets_board = True

    def __init__(self, link: Path | None = None) -> None:
        _require()
        if link is not None and link.exists() and not link.is_symlink():
            raise DeviceError(f"{link} exists and is not a link; choose another name for --link")
        self._link = link
        self._open = False
        self.path = ""
        self.plug_in()

    def plug_in(self) -> None:
        """Make the port appear."""
        import tty  # not on Windows

        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # With the slave closed here, the master reports a hang-up until a reader opens it.
        os.close(slave)
        self._open = True
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.path)

    def receive(self) -> bytes | None:
        """Return what the reader has sent; None when there is no reader."""
        events = dict(self._poll.poll(0)).get(self._master, 0)
        data = b""
        if events & select.POLLIN:
            data = os.read(self._master, 4096)
        return None if events & select.POLLHUP else data

    def write(self, data: bytes) -> None:
        """Send; waits while the reader's buffer is full."""
        while data:
            data = data[os.write(self._master, data) :]

    def drained(self) -> bool:
        """Say whether the reader has taken everything, or is gone: what it has not read is lost."""
        if self.receive() is None:
            return True
        try:
            slave = os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            # The reader keeps all others away from its port: nobody else can know.
            return True
        try:
            # On the reader's side of the port, what it could read is waiting.
            there = select.poll()
            there.register(slave, select.POLLIN)
            return not there.poll(0)
        finally:
            os.close(slave)

    def restart(self) -> float | None:
        """Return None: the port stays while its board begins anew."""
        return None

    def unplug(self) -> None:
        """Take the port away; harmless when it is away."""
        if not self._open:
            return
        self._open = False
        os.close(self._master)
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


def _require() -> None:
    try:
        import tty  # noqa: F401 - imported to learn whether it is there
    except ImportError as error:
        lacking = str(error)
    else:
        if hasattr(os, "openpty") and hasattr(select, "poll"):
            return
        lacking = "no os.openpty or select.poll"
    raise DeviceError(
        f"A simulated port needs pseudo-terminals, which Linux and macOS have and this system "
        f"lacks ({lacking}). Without one, rtcan-live --demo shows a simulated person, and "
        "rtcan-live --port replay:FILE plays a recording."
    )
