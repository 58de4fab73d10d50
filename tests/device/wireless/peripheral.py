"""Bluetooth peripherals behind bleak's own border: custom backends of its client and its scanner.

No Bluetooth radio runs in the tests. What is real is all of bleak's front; what is not is what a
backend does: here it finds simulated boards and exchanges bytes with them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

bleak = pytest.importorskip("bleak", reason="bleak is not installed (pip install 'rtcan[ble]')")

from bleak.backends.characteristic import BleakGATTCharacteristic  # noqa: E402
from bleak.backends.client import BaseBleakClient  # noqa: E402
from bleak.backends.device import BLEDevice  # noqa: E402
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner  # noqa: E402
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection  # noqa: E402
from bleak.exc import BleakError  # noqa: E402

from device.boards.board import Board  # noqa: E402
from device.wireless.nearby import Profile  # noqa: E402

# As much as a notification carries where nothing was negotiated.
_PIECE = 20
_TICK_S = 0.02


@dataclass
class Peripheral:
    """A board with a radio; it plays a slow ramp, whose every value tells its time."""

    name: str
    address: str
    board: Board
    service: str
    write: str
    notify: str
    advertises: bool = True
    sent: list[tuple[float, float]] = field(default_factory=list)
    vanish: Callable[[], None] = lambda: None
    connected: bool = False

    @staticmethod
    def of(profile: Profile, board: Board, name: str, address: str) -> Peripheral:
        return Peripheral(name, address, board, profile.service, profile.write, profile.notify)


class Radio:
    """What is in the air, and whether Bluetooth is switched on."""

    def __init__(self) -> None:
        self.peripherals: list[Peripheral] = []
        self.on = True

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Give bleak's client and scanner these backends, by their public argument."""
        radio = self

        class Scanner(BaseBleakScanner):
            def __init__(self, callback: Any, uuids: Any, mode: Any, **kwargs: Any) -> None:
                super().__init__(callback, uuids)

            async def start(self) -> None:
                if not radio.on:
                    raise BleakError("No powered Bluetooth adapters found.")
                self.seen_devices = {}
                self._task = asyncio.create_task(self._hear())

            async def stop(self) -> None:
                self._task.cancel()

            async def _hear(self) -> None:
                while True:
                    for one in radio.peripherals:
                        if one.connected:  # then it does not say that it is there
                            continue
                        services = [one.service] if one.advertises else []
                        said = AdvertisementData(one.name, {}, {}, services, None, -60, ())
                        key = one.address
                        device = self.create_or_update_device(key, key, one.name, one, said)
                        self.call_detection_callbacks(device, said)
                    await asyncio.sleep(_TICK_S)

        class Client(_Client):
            pass

        class FrontScanner(bleak.BleakScanner):  # type: ignore[name-defined, misc]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, backend=Scanner, **kwargs)

        class FrontClient(bleak.BleakClient):  # type: ignore[name-defined, misc]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, backend=Client, **kwargs)

        monkeypatch.setattr(bleak, "BleakScanner", FrontScanner)
        monkeypatch.setattr(bleak, "BleakClient", FrontClient)


class _Client(BaseBleakClient):
    """The connection to one peripheral, which plays while it lasts."""

    def __init__(self, device: BLEDevice, **kwargs: Any) -> None:
        super().__init__(
            device,
            disconnected_callback=kwargs.get("disconnected_callback"),
            timeout=kwargs.get("timeout", 10.0),
        )
        self._peripheral: Peripheral = device.details
        self._callback: Callable[[bytearray], None] | None = None
        self._playing: asyncio.Task[None] | None = None

    @property
    def mtu_size(self) -> int:
        return _PIECE + 3

    @property
    def is_connected(self) -> bool:
        return self._peripheral.connected

    async def connect(self, pair: bool = False, **kwargs: Any) -> None:
        one = self._peripheral
        loop = asyncio.get_running_loop()
        one.connected = True
        one.vanish = lambda: loop.call_soon_threadsafe(self._vanished)
        self.services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, one.service)
        self.services.add_service(service)
        for handle, (uuid, properties) in enumerate(
            ((one.write, ["write"]), (one.notify, ["notify"])), start=2
        ):
            self.services.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, properties, lambda: _PIECE, service)
            )
        one.board.start()
        self._playing = asyncio.create_task(self._play())

    async def disconnect(self) -> None:
        self._peripheral.connected = False
        if self._playing is not None:
            self._playing.cancel()

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        assert characteristic.uuid == self._peripheral.write
        assert response  # as the characteristic's properties ask for
        self._notify(self._peripheral.board.receive(bytes(data)))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: Callable[[bytearray], None],
        **kwargs: Any,
    ) -> None:
        assert characteristic.uuid == self._peripheral.notify
        self._callback = callback

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._callback = None

    async def pair(self, *args: Any, **kwargs: Any) -> None: ...

    async def unpair(self) -> None: ...

    async def read_gatt_char(self, *args: Any, **kwargs: Any) -> bytearray:
        return bytearray()

    async def read_gatt_descriptor(self, *args: Any, **kwargs: Any) -> bytearray:
        return bytearray()

    async def write_gatt_descriptor(self, *args: Any, **kwargs: Any) -> None: ...

    def _notify(self, data: bytes) -> None:
        for at in range(0, len(data), _PIECE):
            if self._callback is not None:
                self._callback(bytearray(data[at : at + _PIECE]))

    def _vanished(self) -> None:
        self._peripheral.connected = False
        if self._playing is not None:
            self._playing.cancel()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def _play(self) -> None:
        one, start_s, count, rate_hz = self._peripheral, 0.0, 0, 0.0
        while True:
            now_s = time.monotonic()
            if not one.board.streaming or one.board.rate_hz != rate_hz:
                start_s, count, rate_hz = now_s, 0, one.board.rate_hz
            while one.board.streaming and start_s + count / rate_hz <= now_s:
                value = 2.0 + 0.005 * (len(one.sent) % 1000)
                one.sent.append((start_s + count / rate_hz, value))
                self._notify(one.board.frame(value, count / rate_hz))
                count += 1
            await asyncio.sleep(_TICK_S)
