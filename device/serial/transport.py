"""Bytes from and to a serial port, with failures named.

Opened through pyserial's `serial_for_url`, so a port is `/dev/ttyUSB0`, `COM3`,
`socket://host:port`, `rfc2217://host:port` or the path of a pseudo-terminal; or whatever else
`device.serial.ports.PortFinder` finds.
"""

from __future__ import annotations

import contextlib
import errno
import select
import time
from typing import Any

import serial

from device.errors import (
    DeviceError,
    PortBusyError,
    PortNotFoundError,
    PortPermissionError,
    SensorDisconnectedError,
)
from device.serial.ports import PortFinder, present_in_words
from device.timing.now import now_s

_MISSING = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
_BUSY = {errno.EBUSY, errno.EAGAIN}
_DENIED = {errno.EACCES, errno.EPERM}
_WRITE_S = 1.0
# The port's own timeout. Setting it again costs a call that reconfigures the port (on Windows a
# SetCommState, over RFC 2217 a negotiation), so it is set once and longer waits are made of these.
_WAIT_S = 0.05
# A socket says whether bytes are there, not how many; it is asked for this many at a time.
_PIECE = 65536


def _failures() -> tuple[type[Exception], ...]:
    # pyserial raises NotImplementedError where a kind of URL does not know a setting.
    kinds: tuple[type[Exception], ...] = (
        serial.SerialException,
        OSError,
        ValueError,
        NotImplementedError,
    )
    with contextlib.suppress(ImportError):
        import termios

        # pyserial lets the system's own error through where a terminal refuses its settings.
        kinds = (*kinds, termios.error)
    return kinds


_FAILURES = _failures()
_READ_FAILURES: tuple[type[Exception], ...] = (*_FAILURES, TypeError)


class SerialTransport:
    """One serial port, read in whatever pieces arrive.

    Parameters
    ----------
    port : str
        Device path, pyserial URL, pattern, or USB id; see `PortFinder`.
    baud : int
        Bits per second; without meaning for sockets and pseudo-terminals.

    Attributes
    ----------
    device : str
        The port that was opened last.
    identity : str
        Empty: a port does not say what is on it.
    """

    identity = ""

    def __init__(self, port: str, baud: int) -> None:
        self.port = port
        self.device = port
        self.baud = baud
        self._finder = PortFinder(port)
        self._serial: Any = None
        self._is_socket = False

    def open(self) -> None:
        """Open the port for this process alone.

        Raises
        ------
        PortNotFoundError, PortBusyError, PortPermissionError, DeviceError
            Each says what to do.
        """
        self.close()
        failure: DeviceError | None = None
        for device in self._finder.candidates():
            try:
                self._serial = self._opened(device)
            except _FAILURES as error:
                failure = failure or _named(error, device)
                failure.__cause__ = error
                continue
            self.device = device
            self._finder.remember(device)
            return
        raise failure or PortNotFoundError(f"There is no port {self.port}. {present_in_words()}")

    def _opened(self, device: str) -> Any:
        scheme = device.partition("://")[0].lower() if "://" in device else ""
        self._is_socket = scheme == "socket"
        link = serial.serial_for_url(
            device,
            baudrate=self.baud,
            timeout=0 if self._is_socket else _WAIT_S,
            # RFC 2217 has no such setting, and pyserial refuses it there.
            write_timeout=None if scheme == "rfc2217" else _WRITE_S,
            do_not_open=True,
        )
        if not scheme:
            link.exclusive = True
        link.open()
        return link

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return the bytes that are there and the time (s, `now_s`) when all had been read.

        Waits about `timeout_s` for the first byte, in steps of 50 ms, and not at all where it is
        0; returns `b""` when none came.

        Raises
        ------
        SensorDisconnectedError
            The port went away, or is not open.
        """
        link = self._serial
        if link is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            data = (_from_socket if self._is_socket else _from_port)(link, timeout_s)
            # Asked last: what came between the two reads must not seem to have come before.
            return data, now_s()
        except _READ_FAILURES as error:
            # pyserial raises TypeError when another thread closes the port during a read.
            self.close()
            raise SensorDisconnectedError(f"{self.device} went away") from error

    def write(self, data: bytes) -> None:
        """Send all of `data`.

        Raises
        ------
        SensorDisconnectedError
            The port went away, is not open, or has taken nothing for a second.
        """
        link = self._serial
        if link is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            link.write(data)
        except _READ_FAILURES as error:
            self.close()
            raise SensorDisconnectedError(f"{self.device} went away") from error

    def set_baud(self, baud: int) -> None:
        """Change the speed of the open port, without the reset that opening it again would cause.

        Raises
        ------
        SensorDisconnectedError
            The port went away, or is not open.
        """
        self.baud = baud
        link = self._serial
        if link is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            link.baudrate = baud
        except _FAILURES as error:
            self.close()
            raise SensorDisconnectedError(f"{self.device} went away") from error

    def close(self) -> None:
        """Close the port; harmless when it is closed."""
        link, self._serial = self._serial, None
        if link is not None:
            try:
                link.close()
            except OSError as error:
                # An unplugged adapter may refuse to be closed; the descriptor is gone either way.
                if error.errno not in (errno.EIO, errno.EBADF, errno.ENXIO, errno.ENODEV):
                    raise


def _from_port(link: Any, timeout_s: float) -> bytes:
    """Return what waits on a port, else what one blocking read brings."""
    until_s = time.monotonic() + timeout_s
    waiting = link.in_waiting
    if waiting:
        return bytes(link.read(waiting))
    while time.monotonic() < until_s:
        first = bytes(link.read(1))
        if first:
            # A pause of a millisecond would cost latency and win nothing: take what is there. A
            # port that went away meanwhile fails the next read as well: this byte came.
            with contextlib.suppress(*_READ_FAILURES):
                first += link.read(link.in_waiting)
            return first
    return b""


def _from_socket(link: Any, timeout_s: float) -> bytes:
    """Return what waits on a socket, or comes within `timeout_s`."""
    select.select([link], [], [], timeout_s)
    return bytes(link.read(_PIECE))


def _named(error: Exception, port: str) -> DeviceError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in _MISSING:
        return PortNotFoundError(f"There is no port {port}. {present_in_words()}")
    if number in _BUSY or "exclusively lock" in text:
        return PortBusyError(
            f"{port} is in use by another program. Close it (an Arduino serial monitor, another "
            "rtcan-live) and try again."
        )
    if number in _DENIED:
        return PortPermissionError(
            f"This user may not open {port}. On Linux, join the group that owns serial ports "
            "(sudo usermod -aG dialout $USER) and log in again."
        )
    return DeviceError(f"{port} could not be opened: {text}")
