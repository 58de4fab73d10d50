"""A simulated EmotiBit on a loopback address of its own."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from device.boards.emotibit import EmotibitBoard
from device.protocols import emotibit
from device.simulation.faults import Faults
from device.simulation.network import EmotibitPort
from device.simulation.player import Player, Sent
from tests.device.playing import ramp_played

_NUMBERS = itertools.count(2)


def own_address() -> str:
    """Return a loopback address that no other test uses; skip where there is only one."""
    host = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}.{next(_NUMBERS)}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            link.bind((host, emotibit.PORT))
        except OSError:
            pytest.skip("this system has no loopback addresses beside 127.0.0.1")
    return host


@contextmanager
def emotibit_at(
    host: str, faults: Faults | None = None, device_id: str = "MD-V5-0000007"
) -> Iterator[tuple[Player, list[Sent]]]:
    """Play a slow ramp on an EmotiBit."""
    port = EmotibitPort(host, device_id=device_id)
    with ramp_played(EmotibitBoard(), port, port.close, faults) as played:
        yield played
