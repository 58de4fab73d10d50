"""Random and mutated datagrams into an EmotiBit's source: nothing but its errors, nothing grows.

Five thousand datagrams here; RTCAN_FUZZ=1000000 gives a million. What strangers send to the
source's real sockets is a tenth of that.
"""

from __future__ import annotations

import math
import os
import socket
from typing import Any

import numpy as np
import pytest

from benchmarks.common.hostile import Feed, mutated, real_datagrams
from device.drivers.driver import DriverOptions
from device.drivers.emotibit import EmotibitDriver
from device.errors import UnrecognisedDataError
from device.protocols import emotibit
from device.sources.driven import DrivenSensor
from device.wireless import emotibit as transport
from device.wireless.emotibit import EmotibitTransport
from device.wireless.lookup import FoundEmotibit, local_towards
from tests.device.wireless.parts import own_address

INPUTS = int(os.environ.get("RTCAN_FUZZ", "5000"))
pytestmark = pytest.mark.timeout(0 if INPUTS > 100_000 else 120)


def held(*things: Any) -> int:
    """Return how much is kept between two calls, in items and bytes."""
    kept = 0
    for thing in things:
        for value in vars(thing).values():
            if isinstance(value, (bytes, list, dict)) or hasattr(value, "maxlen"):
                kept += len(value)
    return kept


def test_nothing_but_errors_of_ours_and_nothing_grows() -> None:
    rng = np.random.default_rng(18)
    frames = real_datagrams(600)
    feed, driver = Feed(), EmotibitDriver(DriverOptions())
    sensor = DrivenSensor(feed, driver)
    sensor.open()
    delivered, last_s = 0, -1.0
    for i in range(INPUTS):
        feed.data = frames[i // 20 % len(frames)] if i % 20 < 10 else mutated(rng, frames)
        try:
            samples = sensor.read(0.0)
        except UnrecognisedDataError:
            sensor.open()
            continue
        if len(samples):
            assert samples.time_s[0] > last_s
            last_s = samples.time_s[-1]
            delivered += len(samples)
        if i % 100 == 0:
            assert held(driver, driver._order, sensor._delivery, sensor._delivery.clock) < 8000
    assert delivered > INPUTS / 50
    assert feed.answered


def test_what_strangers_send_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_GONE_S", math.inf)  # the board itself says nothing here
    rng = np.random.default_rng(19)
    board, stranger = own_address(), own_address()
    link = EmotibitTransport(board)
    link._board = FoundEmotibit((board, emotibit.PORT), "", emotibit.AVAILABLE)
    link._listen(local_towards(link._board.address))
    frames = real_datagrams(60)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((stranger, 0))
        for _ in range(INPUTS // 10 // 50):
            for _ in range(50):
                other.sendto(mutated(rng, frames), link._data.getsockname())  # type: ignore[union-attr]
            assert link.read(0.0)[0] == b""
            assert link.foreign % 50 == 0
    assert link.foreign == INPUTS // 10 // 50 * 50
    link.close()
