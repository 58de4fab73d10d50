"""Everything that could be read, looked for at once: serial ports, networks, Bluetooth."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from device.together import run_together

# With what it takes to begin, three seconds; an Uno says nothing for the first two of them.
TIMEOUT_S = 2.3
# A port that talks, and is not understood, is tried at every usual speed.
LONG_TIMEOUT_S = 60.0
# What is left of the time when answers were listened to goes to imports, and to who is asked again.
_LISTEN_SHARE = 0.5
_SPARE_S = 0.1
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


def look_at(
    port: str,
    baud: int | None = None,
    description: str = "",
    silent_s: float = math.inf,
) -> Device:
    """Return a serial port with what answers on it.

    Parameters
    ----------
    port : str
        Path, URL or USB id.
    baud : int or None
        The speed, where it is known.
    description : str
        What is known about the port.
    silent_s : float
        See `device.serial.detect.detect`.
    """
    transport = SerialTransport(port, baud or 115200)
    try:
        transport.open()
        found = detect(transport, baud, silent_s)
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
    timeout_s: float = TIMEOUT_S,
) -> tuple[list[Device], list[NotSearched]]:
    """Look for everything at once.

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
    timeout_s : float
        Who has not answered by then is not waited for.

    Returns
    -------
    devices : list of Device
        Serial ports first, then by kind.
    not_searched : list of NotSearched
        Kinds that could not be looked for, in their order.
    """
    late = f"no answer within {timeout_s:g} s; to wait longer: --timeout SECONDS"
    about = ["  ".join(filter(None, (p.description, str(p.usb or "")))) for p in ports]
    found: list[list[Device]] = [
        *(
            [Device(_SERIAL, p.device, said, answer=late if ask else None)]
            for p, said in zip(ports, about, strict=True)
        ),
        *([] for _ in kinds),
    ]
    missed: list[NotSearched | None] = [
        *([None] * len(ports)),
        *(NotSearched(kind.scheme, kind.title, late) for kind in kinds),
    ]

    def serial(at: int, port: PortInfo) -> None:
        found[at] = [look_at(port.device, baud, about[at], timeout_s - _SPARE_S)]

    def network(at: int, kind: SourceKind) -> None:
        try:
            some = [
                Device(kind.scheme, one.port, one.description)
                for one in kind.find(_LISTEN_SHARE * timeout_s)
            ]
        except MissingExtraError as error:
            missed[at] = NotSearched(kind.scheme, kind.title, str(error), kind.extra)
        except RtcanError as error:
            missed[at] = NotSearched(kind.scheme, kind.title, str(error))
        else:
            found[at], missed[at] = some, None

    jobs = [partial(serial, i, p) for i, p in enumerate(ports) if ask]
    jobs += [partial(network, i, k) for i, k in enumerate(kinds, len(ports))]
    run_together(jobs, timeout_s)
    # What comes later is left out of both.
    return [device for some in list(found) for device in some], [m for m in missed if m]
