"""Everything that could be read, looked for at once: serial ports, networks, Bluetooth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from device.drivers.registry import make_driver
from device.errors import (
    DeviceError,
    MissingExtraError,
    PortBusyError,
    PortNotFoundError,
    PortPermissionError,
    RtcanError,
)
from device.serial.detect import detect
from device.serial.ports import PortInfo
from device.serial.transport import SerialTransport
from device.simulation.announce import Simulated
from device.sources.registry import KINDS, SourceKind

# Answers are listened to for so long; whoever hangs is not waited for any longer than the second.
_LISTEN_S = 1.2
_LONGEST_S = 10.0
# A serial port that talks is tried at every usual speed, and an Uno boots for two seconds.
_SERIAL_S = 60.0
_SERIAL = "serial"


@dataclass(frozen=True)
class Device:
    """Something that could be opened.

    Attributes
    ----------
    kind : str
        "serial", "simulated", or a scheme of `device.sources.registry`.
    port : str
        What to give as `--port`.
    description : str
        For people.
    sensor, baud : str, int or None
        What answers there, as `--sensor` and `--baud` take it; None where that is not known.
    answer : str or None
        The same in words; None where it was not asked.
    """

    kind: str
    port: str
    description: str
    sensor: str | None = None
    baud: int | None = None
    answer: str | None = None


@dataclass(frozen=True)
class NotSearched:
    """A kind of source that could not be looked for.

    Attributes
    ----------
    kind, title : str
        Its scheme, and its name for people.
    reason : str
        Why not.
    extra : str or None
        What to install for it, where that is all that is missing.
    """

    kind: str
    title: str
    reason: str
    extra: str | None = None


def look_at(port: str, baud: int | None = None, description: str = "") -> Device:
    """Return a serial port with what answers on it.

    Parameters
    ----------
    port : str
        Path, URL or USB id.
    baud : int or None
        The speed, where it is known.
    description : str
        What is known about the port.
    """
    transport = SerialTransport(port, baud or 115200)
    try:
        transport.open()
        found = detect(transport, baud)
    except PortBusyError:
        answer = "in use by another program"
    except PortPermissionError:
        answer = "not allowed for this user (join the group dialout)"
    except PortNotFoundError:
        answer = "not there any more"
    except DeviceError:
        answer = "nothing that is known answers"
    else:
        answer = f"{make_driver(found.key).name}: --sensor {found.key} --baud {found.baud}"
        return Device(_SERIAL, port, description, found.key, found.baud, answer)
    finally:
        transport.close()
    return Device(_SERIAL, port, description, answer=answer)


def announced(simulated: Simulated) -> Device:
    """Return a simulated port, by what it says; opening it would use up what it plays."""
    driver = make_driver(simulated.sensor)
    answer = f"{driver.name}: --sensor {driver.key} --baud {driver.baud}"
    what = f"simulated by rtcan-sim: {simulated.what}"
    return Device("simulated", simulated.port, what, driver.key, driver.baud, answer)


def search(
    ports: Sequence[PortInfo],
    *,
    baud: int | None = None,
    ask: bool = True,
    kinds: Sequence[SourceKind] = tuple(KINDS.values()),
) -> tuple[list[Device], list[NotSearched]]:
    """Look for everything at once.

    Takes under three seconds on an idle computer, unless there are serial ports to listen to.

    Parameters
    ----------
    ports : sequence of PortInfo
        Serial ports to look at.
    baud : int or None
        Their speed, where it is known.
    ask : bool
        Whether serial ports are opened, to find out what answers.
    kinds : sequence of SourceKind
        What else to look for.

    Returns
    -------
    devices : list of Device
        Serial ports first, then by kind.
    not_searched : list of NotSearched
        Kinds that could not be looked for, in their order.
    """
    found: list[list[Device]] = [[] for _ in range(len(ports) + len(kinds))]
    missed: list[NotSearched | None] = [
        *([None] * len(ports)),
        *(NotSearched(kind.scheme, kind.title, "no answer in time") for kind in kinds),
    ]

    def serial(at: int, port: PortInfo) -> None:
        about = "  ".join(part for part in (port.description, str(port.usb or "")) if part)
        quiet = Device(_SERIAL, port.device, about)
        found[at] = [look_at(port.device, baud, about) if ask else quiet]

    def network(at: int, kind: SourceKind) -> None:
        try:
            some = [Device(kind.scheme, one.port, one.description) for one in kind.find(_LISTEN_S)]
        except MissingExtraError as error:
            missed[at] = NotSearched(kind.scheme, kind.title, str(error), kind.extra)
        except RtcanError as error:
            missed[at] = NotSearched(kind.scheme, kind.title, str(error))
        else:
            found[at], missed[at] = some, None

    began_s = time.monotonic()
    first = len(ports)
    threads = [_start(partial(serial, i, p)) for i, p in enumerate(ports)]
    threads += [_start(partial(network, i, k)) for i, k in enumerate(kinds, first)]
    for i, thread in enumerate(threads):
        longest_s = _SERIAL_S if i < first else _LONGEST_S
        thread.join(max(began_s + longest_s - time.monotonic(), 0.0))
    # What comes later is left out of both.
    return [device for some in list(found) for device in some], [m for m in missed if m]


def _start(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
