"""A simulated sensor that plays in a thread beside a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from device.boards.board import Board
from device.simulation.faults import Faults
from device.simulation.player import Player, Sent
from device.simulation.port import Port
from device.simulation.skin import RecordingSkin


@contextmanager
def ramp_played(
    board: Board, port: Port, end: Callable[[], None], faults: Faults | None = None
) -> Iterator[tuple[Player, list[Sent]]]:
    """Play a slow ramp, whose every value tells its time."""
    ramp = RecordingSkin(np.linspace(2.0, 8.0, 600_000), 1000.0)
    log: list[Sent] = []
    player = Player(board, ramp, port, faults=faults, observer=log.append)
    thread = threading.Thread(target=player.play, daemon=True)
    thread.start()
    try:
        yield player, log
    finally:
        player.stopping.set()
        thread.join()
        end()
