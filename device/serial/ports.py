"""Which port is meant: a path, a URL, a pattern, or a USB device wherever it appears."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import DeviceError, PortNotFoundError

_USB = re.compile(r"usb:([0-9a-f]{1,4}):([0-9a-f]{1,4})(?::(.+))?", re.IGNORECASE)


@dataclass(frozen=True)
class UsbId:
    """What stays the same when a USB device appears under another name.

    Attributes
    ----------
    vid, pid : int
        Vendor and product.
    serial : str or None
        Serial number, where the device has one.
    """

    vid: int
    pid: int
    serial: str | None

    def __str__(self) -> str:
        text = f"usb:{self.vid:04x}:{self.pid:04x}"
        return f"{text}:{self.serial}" if self.serial else text


@dataclass(frozen=True)
class PortInfo:
    """A port that is there.

    Attributes
    ----------
    device : str
        Its path or name.
    description : str
        For people.
    usb : UsbId or None
        None where it is not a USB device.
    """

    device: str
    description: str
    usb: UsbId | None


def ports_present() -> list[PortInfo]:
    """Return the serial ports of this machine, by name."""
    # Imported here because it is slow, and needed only when something is looked for.
    from serial.tools.list_ports import comports

    found = [_info(port) for port in comports()]
    return sorted(found, key=lambda port: port.device)


def _info(port: Any) -> PortInfo:
    usb = None
    if port.vid is not None and port.pid is not None:
        usb = UsbId(port.vid, port.pid, port.serial_number or None)
    description = port.description if port.description and port.description != "n/a" else ""
    return PortInfo(port.device, description, usb)


class PortFinder:
    """Find a port, and find it again when it comes back under a new name.

    Parameters
    ----------
    wanted : str
        A path or pyserial URL; a pattern such as `/dev/ttyUSB*`; or `usb:VID:PID` or
        `usb:VID:PID:SERIAL`, as `rtcan-devices` prints it.
    """

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self._usb: UsbId | None = None
        self._any_serial = False
        if wanted.startswith("usb:"):
            match = _USB.fullmatch(wanted)
            if match is None:
                raise DeviceError(
                    f"Port {wanted!r} is not understood. Expected usb:VID:PID or "
                    "usb:VID:PID:SERIAL with hexadecimal numbers, as rtcan-devices prints them."
                )
            self._usb = UsbId(int(match[1], 16), int(match[2], 16), match[3])
            self._any_serial = match[3] is None

    def candidates(self) -> list[str]:
        """Return the ports that are meant and there, the best first.

        Raises
        ------
        PortNotFoundError
            If there is none now.
        """
        if "://" in self.wanted:
            return [self.wanted]
        if self.wanted.startswith("usb:"):
            found = self._by_usb()
        elif glob.has_magic(self.wanted):
            # A board that is known goes before another one that fits the pattern as well.
            fitting = sorted(glob.glob(self.wanted))  # noqa: PTH207 - Path.glob wants a relative one
            found = list(dict.fromkeys([*self._by_usb(), *fitting]))
        elif self._usb is None or Path(self.wanted).exists():
            return [self.wanted]
        else:
            found = self._by_usb()
        if not found:
            raise PortNotFoundError(f"There is no port {self.wanted}. {present_in_words()}")
        return found

    def remember(self, device: str) -> None:
        """Note which USB device stands behind a port that was opened."""
        if self._usb is not None and not self._any_serial:
            return
        path = str(Path(device).resolve()) if "://" not in device else device
        for port in ports_present():
            if port.device in (device, path) and port.usb is not None:
                self._usb, self._any_serial = port.usb, False

    def _by_usb(self) -> list[str]:
        wanted = self._usb
        if wanted is None:
            return []
        return [
            port.device
            for port in ports_present()
            if port.usb is not None
            and (port.usb.vid, port.usb.pid) == (wanted.vid, wanted.pid)
            and (self._any_serial or port.usb.serial == wanted.serial)
        ]


def present_in_words() -> str:
    """Say which ports there are."""
    names = [port.device for port in ports_present()]
    if names:
        return f"Ports on this machine: {', '.join(names)}."
    return "No serial port is connected to this machine: is the sensor plugged in?"
