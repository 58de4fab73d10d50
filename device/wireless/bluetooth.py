"""A sensor over Bluetooth Low Energy, as bytes: what it notifies, and what is written to it.

The codecs are those of the serial protocols: each of these boards sends over the air what it would
send over a cable. Which characteristics it does that with is known by the service that it has:
BITalino (r)evolution BLE (BITalinoWorld, firmware-BT121, GATT.xml), Shimmer3R and Shimmer3 with
its newer radio (ShimmerResearch, Shimmer-Java-Android-API, BleUartProfile).

bleak, the extra `ble`, is imported when a port is opened. It is asynchronous: an event loop in a
thread of its own keeps the connection.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import queue
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from device.errors import DeviceError, PortNotFoundError, SensorDisconnectedError
from device.text import clean, listed
from device.timing.now import now_s

_T = TypeVar("_T")
# Boards say that they are there a few times a second; a scan that is not told whom to look for
# waits for all of them.
_SCAN_S = 4.0
_CONNECT_S = 15.0
_WRITE_S = 3.0
_END_S = 5.0


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

    with _Loop() as loop:
        return sorted(loop.run(look(), timeout_s + _END_S), key=lambda one: one.name)


def _profile(name: str, services: list[str]) -> Profile | None:
    """Return the kind of a board by its services, else by its name."""
    offered = {service.lower() for service in services}
    by_name = [profile for profile in PROFILES if name.lower().startswith(profile.prefix)]
    # Others than Shimmer have that radio too: its service alone says little.
    by_service = [p for p in PROFILES if p.service in offered and p is not PROFILES[-1]]
    return next(iter([*by_service, *by_name]), None)


class BleTransport:
    """One Bluetooth Low Energy sensor.

    Parameters
    ----------
    where : str
        Its name or its address; empty for the only known kind of sensor that is there.
    driver : str
        What it must be, as in `device.drivers.registry`; "auto" for any of them.

    Attributes
    ----------
    port, device : str
        As it was named, and as it was found.
    identity : str
        The name of the sensor that was opened last.
    baud : int
        0.
    profile : Profile or None
        Of the sensor that was opened last.
    """

    def __init__(self, where: str, driver: str = "auto") -> None:
        self._where = where
        self._kind = driver
        self.port = self.device = f"ble:{where}"
        self.identity = ""
        self.baud = 0
        self.profile: Profile | None = None
        self._address: str | None = None
        self._loop: _Loop | None = None
        self._client: Any = None
        self._arrived: queue.SimpleQueue[tuple[bytes, float]] = queue.SimpleQueue()
        self._gone = threading.Event()

    def open(self) -> None:
        """Find the sensor and connect to it.

        Raises
        ------
        PortNotFoundError, DeviceError
            Each says what to do.
        """
        self.close()
        board = self._choose(scan(_SCAN_S, self._address))
        self._arrived = queue.SimpleQueue()
        self._gone = threading.Event()
        self._loop = _Loop()
        try:
            self._loop.run(self._connect(board), _CONNECT_S + _END_S)
        except BaseException:
            self.close()
            raise
        self.device, self._address = f"ble:{board.name or board.address}", board.address
        self.identity = board.name

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return one notification and when it came (s, `now_s`), waiting for it; b"" for none.

        Raises
        ------
        SensorDisconnectedError
            The connection has ended, or there is none.
        """
        if self._client is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            if self._gone.is_set():
                return self._arrived.get_nowait()
            data, at_s = self._arrived.get(timeout=max(timeout_s, 1e-3))
        except queue.Empty:
            if self._gone.is_set():
                self.close()
                raise SensorDisconnectedError(f"{self.device} went away") from None
            return b"", now_s()
        return data, at_s

    def write(self, data: bytes) -> None:
        """Send all of `data`; raise SensorDisconnectedError if it did not arrive."""
        client, loop, profile = self._client, self._loop, self.profile
        if client is None or loop is None or profile is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        try:
            loop.run(client.write_gatt_char(profile.write, data), _WRITE_S)
        except DeviceError as error:
            self.close()
            raise SensorDisconnectedError(f"{self.device} went away: {error}") from error

    def close(self) -> None:
        """Disconnect; harmless when it is not connected."""
        client, loop = self._client, self._loop
        self._client = self._loop = None
        if loop is not None:
            if client is not None:
                # It may have gone already, or Bluetooth been switched off.
                with contextlib.suppress(DeviceError):
                    loop.run(client.disconnect(), _END_S)
            loop.end()

    def _choose(self, seen: list[Seen]) -> Seen:
        if self._address is not None:  # the one that it was before
            fitting = [one for one in seen if one.address == self._address]
        elif self._where:
            wanted = self._where.lower()
            fitting = [one for one in seen if wanted in (one.name.lower(), one.address.lower())]
        else:
            fitting = [one for one in seen if one.profile is not None and self._fits(one.profile)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            names = listed([f"{one.describe()}: --port ble:{one.address}" for one in fitting])
            raise DeviceError(f"{len(fitting)} Bluetooth sensors fit. Name one: {names}")
        others = listed([one.describe() for one in seen if one.name or one.profile])
        whom = f"device {self._where!r}" if self._where else "sensor of a known kind"
        raise PortNotFoundError(
            f"No Bluetooth {whom} was seen within {_SCAN_S:g} s; seen were: "
            f"{others or 'none at all'}. Is it switched on, near, and not connected to "
            "another computer or telephone?"
        )

    def _fits(self, profile: Profile) -> bool:
        return self._kind in ("auto", profile.driver)

    async def _connect(self, board: Seen) -> None:
        from bleak import BleakClient

        gone, arrived = self._gone, self._arrived

        def lost(client: Any) -> None:
            gone.set()

        def came(sender: Any, data: bytearray) -> None:
            arrived.put((bytes(data), now_s()))

        client = BleakClient(board.device, disconnected_callback=lost, timeout=_CONNECT_S)
        await client.connect()
        self._client = client
        offered = {service.uuid.lower() for service in client.services}
        fitting = [p for p in PROFILES if p.service in offered and self._fits(p)]
        if not fitting:
            known = ", ".join(p.title for p in PROFILES if self._fits(p))
            raise DeviceError(
                f"{board.describe()} has no service that a known sensor has ({known}); its "
                f"services: {', '.join(sorted(offered)) or 'none'}."
            )
        self.profile = fitting[0]
        await client.start_notify(self.profile.notify, came)


class _Loop:
    """An event loop in a thread of its own, to wait for from others."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="ble")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], timeout_s: float) -> _T:
        """Return the result; raise DeviceError for what bleak or the system says against it."""
        from bleak.exc import BleakError

        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except (concurrent.futures.TimeoutError, TimeoutError) as error:
            future.cancel()
            raise DeviceError(f"Bluetooth did not answer within {timeout_s:g} s") from error
        except (BleakError, OSError) as error:
            # On Linux, where no system bus runs to ask.
            said = "no D-Bus" if isinstance(error, FileNotFoundError) else error
            raise DeviceError(
                f"Bluetooth says: {said}. Is it there and switched on (on Linux: bluetoothctl "
                "power on), and may this user use it?"
            ) from error

    def end(self) -> None:
        """Stop the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END_S)
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self) -> _Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
