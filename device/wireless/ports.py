"""Network ports of this computer that an EmotiBit sends to."""

from __future__ import annotations

import os
import socket

from device.errors import DeviceError


def bound(local: str, first: int, kind: socket.SocketKind) -> tuple[socket.socket, int]:
    """Return a socket on the first free port of every second one from `first`, else on any."""
    for port in (*range(first, first + 40, 2), 0):
        link = socket.socket(socket.AF_INET, kind)
        if kind == socket.SOCK_STREAM and os.name == "posix":
            # A connection that was ended lately does not keep the port; on Windows the same option
            # would take it from another program.
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            link.bind((local, port))
        except OSError:
            link.close()
            continue
        link.setblocking(False)
        return link, int(link.getsockname()[1])
    raise DeviceError(f"No port is free at {local}: which program holds all of them?")
