"""News of the electrodes, from a simulated board on a real pseudo-terminal."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from device.simulation.faults import Faults
from device.simulation.player import Player
from device.simulation.pty import PseudoTerminal
from device.simulation.simulator import make_board
from device.simulation.skin import PersonSkin
from device.sources.serial import SerialSensor
from runtime.session.reader import Reader
from runtime.sinks.events import Status


def test_lifted_electrodes_are_told_once_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.session.reader._OPEN_S", 0.5)
    port = PseudoTerminal(tmp_path / "port")
    faults = Faults(lift_s=1.5, lift_every_s=2.5)
    board = make_board("rtcan", None, None)
    player = Player(board, PersonSkin(lambda _: 0.5, 1), port, faults=faults)
    thread = threading.Thread(target=player.play, daemon=True)
    thread.start()
    sensor = SerialSensor(str(tmp_path / "port"), "rtcan")
    sensor.open()
    reader = Reader(sensor)
    reader.start()
    time.sleep(5.3)
    reader.stop()
    player.stopping.set()
    thread.join()
    port.unplug()
    told = []
    while not reader.events.empty():
        event = reader.events.get()
        if isinstance(event, Status):
            told.append(event.kind)
    assert told == ["electrodes"] * 2
    assert sensor.counters.missing > 200
