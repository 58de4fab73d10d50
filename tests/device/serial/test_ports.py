"""Ports by pattern and by USB id."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from device.errors import DeviceError, PortNotFoundError
from device.serial.ports import PortFinder, ports_present


def plug(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, int | None, str | None]) -> None:
    """Let the machine have these ports: name, product id, serial number.

    What the kernel tells of USB cannot be had from a pseudo-terminal.
    """
    found = [
        SimpleNamespace(
            device=name,
            description="n/a" if pid is None else "board",
            vid=None if pid is None else 0x2341,
            pid=pid,
            serial_number=serial,
        )
        for name, pid, serial in ports
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: found)


def test_a_path_or_url_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch)
    assert PortFinder("/dev/nothing").candidates() == ["/dev/nothing"]
    assert PortFinder("socket://host:1").candidates() == ["socket://host:1"]


def test_a_pattern_finds_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch)
    finder = PortFinder(str(tmp_path / "gsr*"))
    with pytest.raises(PortNotFoundError, match="No serial port is connected"):
        finder.candidates()
    for name in ("gsr2", "gsr1", "other"):
        (tmp_path / name).touch()
    assert finder.candidates() == [str(tmp_path / "gsr1"), str(tmp_path / "gsr2")]


def test_a_board_that_comes_back_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ("/dev/ttyTEST0", 0x43, "A1"), ("/dev/ttyTEST1", 0x43, "B2"))
    finder = PortFinder("/dev/ttyTEST0")
    finder.remember("/dev/ttyTEST0")
    plug(monkeypatch, ("/dev/ttyTEST1", 0x43, "B2"))
    with pytest.raises(PortNotFoundError, match="ttyTEST1"):
        finder.candidates()
    plug(monkeypatch, ("/dev/ttyTEST1", 0x43, "B2"), ("/dev/ttyTEST7", 0x43, "A1"))
    assert finder.candidates() == ["/dev/ttyTEST7"]


def test_a_usb_id(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ("/dev/ttyTEST0", 0x43, "A1"), ("/dev/ttyTEST1", 0x44, None))
    assert PortFinder("usb:2341:43").candidates() == ["/dev/ttyTEST0"]
    assert PortFinder("usb:2341:0044").candidates() == ["/dev/ttyTEST1"]
    assert PortFinder("usb:2341:43:A1").candidates() == ["/dev/ttyTEST0"]
    with pytest.raises(PortNotFoundError):
        PortFinder("usb:2341:43:B2").candidates()
    with pytest.raises(DeviceError, match="usb:VID:PID"):
        PortFinder("usb:arduino")


def test_what_is_there_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ("/dev/ttyTEST1", None, None), ("/dev/ttyTEST0", 0x43, "A1"))
    first, second = ports_present()
    assert (first.device, str(first.usb), first.description) == (
        "/dev/ttyTEST0",
        "usb:2341:0043:A1",
        "board",
    )
    assert (second.device, second.usb, second.description) == ("/dev/ttyTEST1", None, "")
