"""A port on another machine, by RFC 2217: pyserial's own server on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import serial
import serial.rfc2217

from device.errors import DeviceError, SensorDisconnectedError
from device.serial.transport import SerialTransport
from device.sources.serial import SerialSensor

# pyserial names its thread the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@dataclass
class Server:
    """One port, shared with whoever connects; what is written to it comes back."""

    port: Any = field(default_factory=lambda: serial.serial_for_url("loop://", timeout=0.02))
    connections: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self) -> None:
        while self.connections:
            with contextlib.suppress(OSError):
                self.connections.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
        self.hang_up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        class Writer:
            def write(self, data: bytes) -> None:
                with contextlib.suppress(OSError):
                    connection.sendall(data)

        manager = serial.rfc2217.PortManager(self.port, Writer())
        connection.settimeout(0.01)
        while connection in self.connections:
            with contextlib.suppress(TimeoutError, OSError):
                data = connection.recv(1024)
                if not data:
                    return
                self.port.write(b"".join(manager.filter(data)))
            waiting = self.port.read(self.port.in_waiting)
            if waiting:
                Writer().write(b"".join(manager.escape(waiting)))


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def test_bytes_go_both_ways_and_the_speed_is_set(server: Server) -> None:
    transport = SerialTransport(server.url, 9600)
    transport.open()
    assert server.port.baudrate == 9600
    every = bytes(range(256))
    transport.write(every)
    found = b""
    until_s = time.monotonic() + 10
    while len(found) < 256 and time.monotonic() < until_s:
        found += transport.read(0.2)[0]
    assert found == every
    transport.set_baud(115200)
    assert server.port.baudrate == 115200
    transport.close()


def test_a_sensor_is_read_and_its_loss_is_named(server: Server) -> None:
    sensor = SerialSensor(server.url, "grove")
    sensor.open()
    values: list[float] = []
    until_s = time.monotonic() + 20
    while len(values) < 20 and time.monotonic() < until_s:
        server.port.write(b"437\n")
        raw = sensor.read(0.1).raw
        values += [] if raw is None else raw.tolist()
    assert values and set(values) == {437.0}
    server.hang_up()
    with pytest.raises(SensorDisconnectedError, match="went away"):
        for _ in range(100):
            sensor.read(0.1)
    sensor.close()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    with pytest.raises(DeviceError, match=str(number)):
        SerialTransport(f"rfc2217://127.0.0.1:{number}", 9600).open()


def test_a_port_that_does_not_know_a_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError("write_timeout is currently not supported")

    monkeypatch.setattr("serial.urlhandler.protocol_loop.Serial.open", refuse)
    with pytest.raises(DeviceError, match="write_timeout"):
        SerialTransport("loop://", 9600).open()
