"""Bytes from a serial port, with failures named.

Opened through pyserial's `serial_for_url`, so a port is `/dev/ttyUSB0`, `COM3`,
`socket://host:port`, `rfc2217://host:port` or the path of a pseudo-terminal.
"""

from __future__ import annotations

import errno
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

_MISSING = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
_BUSY = {errno.EBUSY, errno.EAGAIN}
_DENIED = {errno.EACCES, errno.EPERM}


class SerialTransport:
    """One serial port, read in whatever pieces arrive.

    Parameters
    ----------
    port : str
        Device path or pyserial URL.
    baud : int
        Bits per second; without meaning for sockets and pseudo-terminals.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.port = port
        self.baud = baud
        self._serial: Any = None

    def open(self) -> None:
        """Open the port for this process alone.

        Raises
        ------
        PortNotFoundError, PortBusyError, PortPermissionError, DeviceError
            Each says what to do.
        """
        self.close()
        try:
            link = serial.serial_for_url(self.port, baudrate=self.baud, timeout=0, do_not_open=True)
            if "://" not in self.port:
                link.exclusive = True
            link.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise _named(error, self.port) from error
        self._serial = link

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return the bytes that are there and the monotonic time (s) at which they were read.

        Waits at most `timeout_s` for the first byte; returns `b""` when none came.

        Raises
        ------
        SensorDisconnectedError
            The port went away, or is not open.
        """
        link = self._serial
        if link is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            link.timeout = timeout_s
            first = link.read(1)
            arrival_s = time.monotonic()
            if not first:
                return b"", arrival_s
            # A pause of a millisecond would cost latency and win nothing: take what is there.
            link.timeout = 0
            return first + link.read(65536), arrival_s
        except (serial.SerialException, OSError, TypeError) as error:
            # pyserial raises TypeError when another thread closes the port during a read.
            self.close()
            raise SensorDisconnectedError(f"{self.port} went away") from error

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


def _named(error: Exception, port: str) -> DeviceError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in _MISSING:
        return PortNotFoundError(f"There is no port {port}. {_ports_present()}")
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


def _ports_present() -> str:
    from serial.tools.list_ports import comports  # only when something went wrong: it is slow

    names = sorted(port.device for port in comports())
    return (
        f"Ports on this machine: {', '.join(names)}."
        if names
        else ("No serial port is connected to this machine: is the sensor plugged in?")
    )
