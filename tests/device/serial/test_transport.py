"""A real port: bytes, and failures by their name."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from pathlib import Path

import pytest
import serial

from device.errors import (
    DeviceError,
    PortBusyError,
    PortNotFoundError,
    PortPermissionError,
    SensorDisconnectedError,
)
from device.serial.transport import SerialTransport
from tests.device.conftest import Wire


def test_bytes_arrive_as_they_were_sent(wire: Wire) -> None:
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    every = bytes(range(256))
    wire.write(every)
    found = b""
    while len(found) < 256:
        data, arrival_s = transport.read(1.0)
        assert abs(time.monotonic() - arrival_s) < 60
        found += data
    assert found == every
    assert transport.read(0.01)[0] == b""
    transport.close()


def test_no_byte_seems_to_come_before_it_was_written(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may pause between a read's first byte and the others."""
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    read = transport._serial.read
    written_s: list[float] = []

    def read_late(size: int) -> bytes:
        data = bytes(read(size))
        if data == b"a":
            wire.write(b"b")
            written_s.append(time.monotonic())
            time.sleep(0.05)
        return data

    monkeypatch.setattr(transport._serial, "read", read_late)
    threading.Timer(0.02, wire.write, [b"a"]).start()
    data, arrival_s = transport.read(1.0)
    assert data == b"ab"
    assert arrival_s >= written_s[0]
    transport.close()


def test_a_port_that_goes_away(wire: Wire) -> None:
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    wire.unplug()
    with pytest.raises(SensorDisconnectedError, match="went away"):
        transport.read(0.2)
    with pytest.raises(SensorDisconnectedError, match="not open"):
        transport.read(0.2)


def test_the_last_byte_before_a_port_goes_away(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    read = transport._serial.read

    def read_and_unplug(size: int) -> bytes:
        data = bytes(read(size))
        if data:
            wire.unplug()
        return data

    monkeypatch.setattr(transport._serial, "read", read_and_unplug)
    threading.Timer(0.02, wire.write, [b"a"]).start()
    assert transport.read(1.0)[0] == b"a"
    with pytest.raises(SensorDisconnectedError, match="went away"):
        transport.read(0.2)


def test_reading_never_sets_the_port_up_again(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows each such call is a SetCommState, over RFC 2217 a negotiation."""
    calls = []
    reconfigure = serial.Serial._reconfigure_port

    def counted(link: serial.Serial, *options: object, **named: object) -> None:
        calls.append(1)
        reconfigure(link, *options, **named)

    monkeypatch.setattr(serial.Serial, "_reconfigure_port", counted)
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    calls.clear()
    for number in range(20):
        wire.write(b"%d\n" % number)
        assert transport.read(0.5)[0].endswith(b"\n")
        assert transport.read(0.001)[0] == b""
    transport.close()
    assert not calls


@pytest.mark.parametrize("timeout_s", [0.0, 0.02, 0.12])
def test_an_empty_port_is_waited_for_as_long_as_asked(wire: Wire, timeout_s: float) -> None:
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    began_s = time.monotonic()
    assert transport.read(timeout_s)[0] == b""
    assert time.monotonic() - began_s >= timeout_s
    transport.close()


def test_a_port_that_another_thread_closes(wire: Wire) -> None:
    transport = SerialTransport(wire.port, 9600)
    transport.open()
    threading.Timer(0.1, transport.close).start()
    with pytest.raises(SensorDisconnectedError):
        for _ in range(100):
            transport.read(0.1)


def test_no_such_port_names_it(tmp_path: Path) -> None:
    with pytest.raises(PortNotFoundError, match=r"There is no port .*nothing"):
        SerialTransport(str(tmp_path / "nothing"), 9600).open()


def test_a_second_reader_is_refused(wire: Wire) -> None:
    first = SerialTransport(wire.port, 9600)
    first.open()
    with pytest.raises(PortBusyError, match="in use by another program"):
        SerialTransport(wire.port, 9600).open()
    first.close()
    second = SerialTransport(wire.port, 9600)
    second.open()
    second.close()


def test_permission_denied_explains_the_group(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may open everything: the kernel's refusal has to be played.
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), wire.port)

    monkeypatch.setattr(serial.serialposix.os, "open", refuse)
    with pytest.raises(PortPermissionError, match="dialout"):
        SerialTransport(wire.port, 9600).open()


def test_a_file_that_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(DeviceError, match=r"notes\.txt"):
        SerialTransport(str(path), 9600).open()


def test_an_unknown_kind_of_url() -> None:
    with pytest.raises(DeviceError, match="nonsense"):
        SerialTransport("nonsense://port", 9600).open()


def test_a_socket_is_a_port_and_its_end_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = SerialTransport(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600)
        transport.open()
        far, _ = server.accept()
        with far:
            far.sendall(b"437\n")
            assert transport.read(2.0)[0] == b"437\n"
        with pytest.raises(SensorDisconnectedError):
            transport.read(2.0)


def test_nobody_listens_on_the_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    with pytest.raises(DeviceError, match=str(number)):
        SerialTransport(f"socket://127.0.0.1:{number}", 9600).open()
