"""The faults of simulated sensors do what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device.errors import DeviceError
from device.simulation.faults import Faults, FaultyLine


def through(faults: Faults, data: bytes, pieces: int) -> tuple[bytes, int]:
    line = FaultyLine(faults, seed=1)
    for i in range(pieces):
        line.put(data, i * 0.01, i)
    out = line.due(1e9)
    assert [piece.tag for piece in out] == list(range(pieces))
    return b"".join(piece.data for piece in out), sum(piece.damaged for piece in out)


def test_no_faults_no_harm() -> None:
    assert through(Faults(), b"abc", 10) == (b"abc" * 10, 0)


def test_the_share_of_lost_bytes() -> None:
    out, damaged = through(Faults(drop=0.01), bytes(10), 10_000)
    assert 100_000 - len(out) == pytest.approx(1000, rel=0.2)
    assert damaged == pytest.approx(10_000 * (1 - 0.99**10), rel=0.1)


def test_the_share_of_flipped_bits() -> None:
    out, damaged = through(Faults(corrupt=0.01), bytes(10), 10_000)
    flipped = int(np.unpackbits(np.frombuffer(out, dtype=np.uint8)).sum())
    assert flipped == pytest.approx(8000, rel=0.1)
    assert damaged == pytest.approx(10_000 * (1 - 0.99**80), rel=0.1)


def test_bursts_hold_bytes_until_their_time() -> None:
    line = FaultyLine(Faults(burst_s=0.5))
    line.put(b"a", 10.1)
    line.put(b"b", 10.4)
    line.put(b"c", 10.6)
    assert line.due(10.49) == []
    assert line.next_due_s() == 10.5
    assert [piece.data for piece in line.due(10.5)] == [b"a", b"b"]
    assert [piece.data for piece in line.due(11.0)] == [b"c"]
    assert line.next_due_s() == math.inf


def test_jitter_keeps_the_order() -> None:
    line = FaultyLine(Faults(jitter_s=0.2))
    for i in range(100):
        line.put(bytes([i]), i * 0.01)
    assert b"".join(piece.data for piece in line.due(10.0)) == bytes(range(100))


def test_lifted_electrodes() -> None:
    faults = Faults(lift_s=5, lift_every_s=30)
    assert [faults.lifted(t) for t in (0, 24.9, 25, 29.9, 30, 55.1)] == [
        False,
        False,
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    "bad", [{"drop": 1.5}, {"corrupt": -0.1}, {"burst_s": -1}, {"drift_ppm": 1e9}]
)
def test_faults_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(DeviceError, match=next(iter(bad))):
        Faults(**bad)
