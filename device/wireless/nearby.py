"""Which sensors are near by Bluetooth Low Energy, and what kinds of boards there are.

What a board sends and takes is known by the service that it has: BITalino (r)evolution BLE
(BITalinoWorld, firmware-BT121, GATT.xml), Shimmer3R and Shimmer3 with its newer radio
(ShimmerResearch, Shimmer-Java-Android-API, BleUartProfile).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from device.text import clean
from device.wireless.event_loop import END_S, EventLoop


@dataclass(frozen=True)
class Profile:
    """A kind of board.

    Attributes
    ----------
    driver : str
        As in `device.drivers.registry`.
    title : str
        For people.
    prefix : str
        With which the names of such boards begin, in small letters.
    service, write, notify : str
        UUIDs of its service, and of the characteristics that take and give bytes.
    """

    driver: str
    title: str
    prefix: str
    service: str
    write: str
    notify: str


PROFILES = (
    Profile(
        "bitalino",
        "BITalino (r)evolution BLE",
        "bitalino",
        "c566488a-0882-4e1b-a6d0-0b717e652234",
        "4051eb11-bf0a-4c74-8730-a48f4193fcea",
        "40fdba6b-672e-47c4-808a-e529adff3633",
    ),
    Profile(
        "shimmer",
        "Shimmer3R",
        "shimmer3r",
        "65333333-a115-11e2-9e9a-0800200ca100",
        "65333333-a115-11e2-9e9a-0800200ca102",
        "65333333-a115-11e2-9e9a-0800200ca101",
    ),
    Profile(
        "shimmer",
        "Shimmer3 over BLE",
        "shimmer",
        "49535343-fe7d-4ae5-8fa9-9fafd205e455",
        "49535343-8841-43f4-a8d4-ecbe34729bb3",
        "49535343-1e4d-4bd9-ba61-23c647249616",
    ),
)


@dataclass(frozen=True)
class Seen:
    """A Bluetooth device that said that it is there.

    Attributes
    ----------
    address : str
        Its address; on macOS an id that this computer has given it.
    name : str
        What it calls itself; empty for nothing.
    profile : Profile or None
        What kind of sensor it seems to be.
    device : object
        For bleak.
    """

    address: str
    name: str
    profile: Profile | None
    device: Any

    def describe(self) -> str:
        """Say in a few words what it is."""
        kind = f", {self.profile.title}" if self.profile is not None else ""
        return clean(f"{self.name or 'without a name'} ({self.address}){kind}")


def scan(timeout_s: float, until: str | None = None) -> list[Seen]:
    """Return the Bluetooth devices that are there, by name.

    Parameters
    ----------
    timeout_s : float
        How long to look.
    until : str or None
        An address: look no longer than until it is seen.

    Raises
    ------
    DeviceError
        If Bluetooth is absent or off.
    """

    async def look() -> list[Seen]:
        from bleak import BleakScanner

        seen: dict[str, Seen] = {}

        def notice(device: Any, said: Any) -> bool:
            name = said.local_name or device.name or ""
            profile = _profile(name, said.service_uuids)
            seen[device.address] = Seen(device.address, name, profile, device)
            return bool(device.address == until)

        await BleakScanner.find_device_by_filter(notice, timeout_s)
        return list(seen.values())

    with EventLoop() as loop:
        return sorted(loop.run(look(), timeout_s + END_S), key=lambda one: one.name)


def _profile(name: str, services: list[str]) -> Profile | None:
    """Return the kind of a board by its services, else by its name."""
    offered = {service.lower() for service in services}
    by_name = [profile for profile in PROFILES if name.lower().startswith(profile.prefix)]
    # Others than Shimmer have that radio too: its service alone says little.
    by_service = [p for p in PROFILES if p.service in offered and p is not PROFILES[-1]]
    return next(iter([*by_service, *by_name]), None)
