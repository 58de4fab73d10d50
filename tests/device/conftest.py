"""A real pseudo-terminal pair: what is written to `wire` arrives on the port."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from device.serial import detect
from device.sources import driven


@dataclass
class Wire:
    """The far end of a port."""

    master: int
    port: str
    slave: int
    closed: bool = field(default=False)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.master, data) :]

    def read(self, count: int = 4096) -> bytes:
        return os.read(self.master, count)

    def unplug(self) -> None:
        """Take the port away."""
        if not self.closed:
            self.closed = True
            os.close(self.master)
            os.close(self.slave)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a port up after a second: the boards of these tests need no two seconds to boot."""
    monkeypatch.setattr(detect, "_PATIENCE_S", 1.0)
    monkeypatch.setattr(driven, "_PATIENCE_S", 1.0)


@pytest.fixture
def wire() -> Iterator[Wire]:
    master, slave = os.openpty()
    tty.setraw(slave)
    pair = Wire(master, os.ttyname(slave), slave)
    yield pair
    pair.unplug()
