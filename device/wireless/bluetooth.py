"""A sensor over Bluetooth Low Energy, as bytes: what it notifies, and what is written to it.

The codecs are those of the serial protocols: each of these boards sends over the air what it would
send over a cable.

bleak, the extra `ble`, is imported when a port is opened. It is asynchronous: an event loop in a
thread of its own keeps the connection.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import Any, TypeVar

from device.errors import DeviceError, PortNotFoundError, SensorDisconnectedError
from device.text import listed
from device.timing.now import now_s
from device.wireless.event_loop import END_S, EventLoop
from device.wireless.nearby import PROFILES, Profile, Seen, scan

_T = TypeVar("_T")
# Boards say that they are there a few times a second; a scan that is not told whom to look for
# waits for all of them.
_SCAN_S = 4.0
_CONNECT_S = 15.0
_WRITE_S = 3.0


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
        self._loop: EventLoop | None = None
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
        self._loop = EventLoop()
        try:
            self._loop.run(self._connect(board), _CONNECT_S + END_S)
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
                    loop.run(client.disconnect(), END_S)
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
